// The runner imports `globSync`, which Node has from version 22 on, for a command that is not used here. On Node 20 this gives it one.
import fs from 'node:fs';
import { register } from 'node:module';

const source = "export * from 'node:fs'; export const globSync = () => [];";
const hooks = `export async function resolve(specifier, context, next) {
  const ours = specifier === 'fs' && context.parentURL?.includes('/@modelcontextprotocol/conformance/');
  return ours ? { url: ${JSON.stringify(`data:text/javascript,${encodeURIComponent(source)}`)}, shortCircuit: true } : next(specifier, context);
}`;
if (fs.globSync === undefined) register(`data:text/javascript,${encodeURIComponent(hooks)}`);
