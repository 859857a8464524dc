import { setFlagsFromString } from 'node:v8';

// One process per desktop host, mostly idle: memory counts, peak speed does not. Set before the rest is compiled.
for (const flag of ['--optimize-for-size', '--semi-space-growth-factor=1']) setFlagsFromString(flag);

const [{ readMcpOptions }, { serveMcp }] = await Promise.all([import('./mcp-options.js'), import('./serve-mcp.js')]);
await serveMcp(readMcpOptions(process.argv.slice(2), process.env));
