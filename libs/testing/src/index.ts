export { BY_OWNER } from './by-owner.js';
export { Needles, type Hit } from './canary/needles.js';
export { asksForSecret, ON_PURPOSE, type OnPurpose } from './canary/on-purpose.js';
export { ProcessWatch, type SeenProcess } from './canary/process-watch.js';
export { addSecretShapes } from './canary/secret-shapes.js';
export { searchRun, type Finding, type RunSearch } from './canary/search-run.js';
export { holdsSecrets, recordOutput, registerSecret } from './run-record/run-record.js';
export { testLogger } from './run-record/test-logger.js';
export { TEST_ENVIRONMENT_VARIABLE, testEnvironment, type TestEnvironment } from './environment.js';
export { startChatService, type ChatService } from './receivers/chat-service-receiver.js';
export { CuttingProxy, type Cut } from './receivers/cutting-proxy.js';
export { RawServer } from './receivers/raw-server.js';
export { receiverAt, type Receiver, type ServerCertificate } from './receivers/receivers.js';
export {
  SmtpReceiver,
  type AfterData,
  type ReceivedMail,
  type SmtpRefusal,
  type SmtpTls,
} from './receivers/smtp-receiver.js';
export {
  TelegramStandIn,
  type SentMessage,
  type TelegramCall,
  type TelegramRefusal,
} from './receivers/telegram-stand-in.js';
export { WebhookReceiver, type ReceivedWebhook, type WebhookReply } from './receivers/webhook-receiver.js';
export { rowsRead } from './rows-read.js';
export { RunningProcess, startProcess, type ProcessExit, type ProcessOptions } from './run-process.js';
export { exportText, sealed, signedExport, type SignedExport } from './signed-export.js';
export { Standstill } from './standstill.js';
export { createTestDatabase, dumpTestDatabase, type TestDatabase } from './test-database.js';
export { startTestNats, TestNats } from './test-nats.js';
export { until, type UntilOptions } from './until.js';
