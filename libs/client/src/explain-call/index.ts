export { explainCall, type ExplainCall } from './explain-call.js';
export { type CallEvents } from './call-history.js';
export { VERDICTS, type CallExplanation, type Link, type Verdict } from './verdicts.js';
