import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

export interface ComposeService {
  command?: string[];
  entrypoint?: string[];
  environment?: Record<string, string>;
  healthcheck?: { test: string[] };
  depends_on?: Record<string, { condition: string }>;
  secrets?: (string | { source: string; target: string })[];
  volumes?: string[];
  profiles?: string[];
}

export interface ComposeFile {
  services: Record<string, ComposeService>;
  secrets: Record<string, { file: string }>;
  volumes: Record<string, unknown>;
}

/** docker-compose.yml with its anchors and merge keys resolved, as Compose reads it. */
export function readComposeFile(): ComposeFile {
  return parse(readFileSync(join(process.cwd(), 'docker-compose.yml'), 'utf8'), { merge: true }) as ComposeFile;
}

/** The services that run our own code all the time. */
export const APPS = ['api', 'sequencer', 'projector', 'notifier'] as const;
