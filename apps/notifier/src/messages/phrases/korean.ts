import type { Phrases } from './phrases.js';

export const KOREAN: Phrases = {
  labels: {
    agent: '에이전트',
    session: '세션',
    notification: '알림',
    when: '시각',
    ends: '종료',
    renewalsLeft: '남은 갱신',
    tokenEnds: '토큰 만료',
    channel: '채널',
  },
  unlimited: '무제한',
  whatHelps: '해결 방법',
  possibleRepeat: '(중복일 수 있음) ',
  rejectRenewal: '갱신 거부',
  units: { days: '일', hours: '시간', minutes: '분', seconds: '초' },
  endsAt: (moment) => `${moment} 종료`,
  expiringSoon: ({ agent, isReminder, ends, left, causes: { renewalsLeft, timeLeft } }) => {
    const reasons = [
      ...(renewalsLeft === null ? [] : [`남은 갱신이 ${renewalsLeft}회`]),
      ...(timeLeft === null ? [] : [`남은 시간이 ${timeLeft}`]),
    ];
    return {
      title: `${isReminder ? '다시 알림: ' : ''}${agent}의 세션이 곧 만료됩니다`,
      body: `${reasons.join(', ')}입니다. 세션은 ${left} 후(${ends})에 종료되며, 그 뒤로 에이전트는 접근할 수 없습니다.`,
    };
  },
  backAgain: ({ agent }) => ({
    title: `${agent}이(가) 돌아왔습니다: 세션이 갱신되었습니다`,
    body: '늦어졌던 갱신이 이루어졌습니다. 더 하실 일은 없습니다.',
  }),
  renewalOverdue: ({ agent }) => ({
    title: `${agent}이(가) 세션을 갱신하지 않았습니다`,
    body: '토큰 수명의 80 %가 지났지만 아무도 갱신하지 않았습니다. 에이전트 프로세스가 종료되었을 수 있습니다. 갱신하지 않으면 토큰과 함께 세션이 끝납니다.',
  }),
  renewed: ({ agent, rejectUntil }) => ({
    title: `${agent}이(가) 세션을 갱신했습니다`,
    body: `${rejectUntil}까지 이 갱신을 거부할 수 있습니다. 거부하면 세션이 종료됩니다.`,
  }),
  revoked: ({ agent, trigger, reason }) => ({
    title: `${agent}의 세션이 폐기되었습니다`,
    body: `${REVOKED[trigger] ?? '세션이 폐기되었습니다.'}${because(reason)} 에이전트는 더 이상 접근할 수 없습니다.`,
  }),
  expired: ({ agent, atTheEndOfItsLife }) => ({
    title: `${agent}의 세션이 만료되었습니다`,
    body: atTheEndOfItsLife
      ? '세션의 최대 수명이 끝났습니다. 에이전트는 더 이상 접근할 수 없습니다.'
      : '갱신 없이 토큰이 만료되었습니다. 에이전트는 더 이상 접근할 수 없습니다.',
  }),
  tokenReuse: ({ agent, address, generation }) => ({
    title: `${agent}의 이전 토큰이 제시되었습니다`,
    body: `${address}에서 이미 교체된 ${generation}세대 토큰으로 갱신을 시도했습니다. 토큰이 복사되었을 수 있습니다. 모르는 주소라면 세션을 폐기하세요.`,
  }),
  unprovenRenewal: ({ agent, address }) => ({
    title: `키 없이 ${agent}의 세션을 갱신하려는 시도가 있었습니다`,
    body: `${address}에서 현재 토큰은 제시되었지만 보유자의 키가 없어 갱신을 거부했습니다. 토큰이 복사되었을 수 있습니다. 직접 하신 일이 아니라면 토큰을 교체하세요.`,
  }),
  killSwitch: ({ sessionsRevoked, reason }) => ({
    title: '킬 스위치가 켜졌습니다',
    body: `모든 세션 토큰이 거부됩니다.${sessionsRevoked ? ' 모든 세션이 폐기되었습니다.' : ''}${because(reason)}`,
  }),
  channelTest: ({ name }) => ({
    title: '이 채널은 정상입니다',
    body: `채널 “${name}”에 요청하신 시험 메시지입니다.`,
  }),
  channelCanary: () => ({
    title: '이 채널은 살아 있습니다',
    body: '정기 시험 메시지입니다. 도착하지 않으면 다른 채널로 알려 드립니다.',
  }),
  channelTrouble: ({ name, reason }) => ({ title: `채널 “${name}”로 알림이 전달되지 않습니다`, body: reason }),
  alertsMissed: ({ count, critical }) => ({
    title: '알림이 너무 늦어 보내지 못했습니다',
    body: `알림 서비스가 알림의 유효 시간보다 오래 중단되었습니다. 최소 ${count}건을 보내지 못했으며, 그중 ${critical}건은 긴급 알림입니다.`,
  }),
  logCheckpoint: ({ events }) => ({
    title: `원장 체크포인트: 이벤트 ${events}건`,
    body: '이 메시지를 보관하세요. 증거가 됩니다. 아래 서명된 텍스트를 파일로 저장해 두면, 이 이벤트들이 나중에 변경되거나 삭제되었는지 확인할 수 있습니다.',
  }),
  recorded: ({ type, agent }) => ({ title: agent ? `${type}: ${agent}` : type, body: '원장에 기록되었습니다.' }),
  digest: {
    title: (count) => `알림 ${count}건`,
    names: {
      SessionExpiringSoon: '세션 만료 임박',
      SessionRenewalOverdue: '갱신 지연',
      SessionRenewed: '세션 갱신',
      SessionRevoked: '세션 폐기',
      SessionExpired: '세션 만료',
      TokenReuseDetected: '이전 토큰 제시',
      UnprovenRenewalRefused: '보유자 키 없는 갱신',
      KillSwitchActivated: '킬 스위치 켜짐',
      ChannelTrouble: '채널 장애',
      LogCheckpoint: '원장 체크포인트',
      AlertsMissed: '놓친 알림',
    },
  },
};

const REVOKED: Readonly<Record<string, string>> = {
  manual_revoke: '소유자가 폐기했습니다.',
  renewal_rejected: '마지막 갱신이 거부되었습니다.',
  superseded: '새 세션으로 교체되었습니다.',
  kill_switch: '킬 스위치가 모든 세션을 폐기했습니다.',
  token_reuse: '이전 토큰이 제시되었고, 에이전트의 정책에 따라 세션이 종료되었습니다.',
};

function because(reason: string | null): string {
  return reason === null ? '' : ` 사유: ${reason}.`;
}
