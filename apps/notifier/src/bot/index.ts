export { rejectButton } from './buttons.js';
export { type BotDeps } from './bot-deps.js';
export { TelegramBots } from './telegram-bots.js';
