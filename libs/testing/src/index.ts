export { BY_OWNER } from './by-owner.js';
export { testEnvironment, type TestEnvironment } from './environment.js';
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
export { RunningProcess, startProcess, type ProcessExit, type ProcessOptions } from './run-process.js';
export { exportText, sealed, signedExport, type SignedExport } from './signed-export.js';
export { Standstill } from './standstill.js';
export { createTestDatabase, type TestDatabase } from './test-database.js';
export { startTestNats, TestNats } from './test-nats.js';
export { until, type UntilOptions } from './until.js';
