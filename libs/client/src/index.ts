export * from './owner/index.js';
export * from './holder/index.js';
