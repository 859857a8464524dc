import { readMcpOptions } from './mcp-options.js';
import { serveMcp } from './serve-mcp.js';

await serveMcp(readMcpOptions(process.argv.slice(2), process.env));
