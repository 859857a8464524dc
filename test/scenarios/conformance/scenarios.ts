/** Scenarios of the official runner that say something of this server, with the revisions that they are run for. */
export const APPLICABLE: Readonly<Record<string, readonly string[]>> = {
  'server-initialize': ['2025-11-25'],
  ping: ['2025-11-25'],
  'tools-list': ['2025-11-25', '2026-07-28'],
  'resources-list': ['2025-11-25', '2026-07-28'],
  'resources-subscribe': ['2025-11-25'],
  'resources-unsubscribe': ['2025-11-25'],
  'prompts-list': ['2025-11-25', '2026-07-28'],
  'server-stateless': ['2026-07-28'],
  'sep-2164-resource-not-found': ['2026-07-28'],
  caching: ['2026-07-28'],
};

/** Checks within an applicable scenario that call a diagnostic tool which the runner wishes servers to have for it. */
export const UNTESTABLE: readonly string[] = [
  'sep-2575-server-rejects-undeclared-capability',
  'sep-2575-missing-capability-http-400',
  'sep-2575-http-server-no-independent-requests-on-stream',
  'sep-2575-server-no-log-without-loglevel',
];

const FIXTURE =
  'calls a tool, resource or prompt of the runner’s own (test_…, test://…), which a product does not have';
const HTTP = 'judges the HTTP transport; this server speaks stdio, and HTTP is the bridge’s';
const NO_INPUT = 'no tool here asks the client for input (elicitation, sampling, roots)';
const TASKS = 'the tasks extension is not offered: no tool here runs for long';
const SKILLS = 'the skills extension is not offered';

/** Why each other scenario says nothing of this server. Patterns are of whole names. */
export const NOT_APPLICABLE: readonly (readonly [RegExp, string])[] = [
  [/tools-call-(simple-text|image|audio|embedded-resource|mixed-content|error|with-progress)/, FIXTURE],
  [/resources-(read-text|read-binary|templates-read)/, FIXTURE],
  [/prompts-get-.*/, FIXTURE],
  [/json-schema-2020-12/, FIXTURE],
  [/logging-set-level|tools-call-with-logging/, 'logging to the client is not offered: the log goes to stderr'],
  [/completion-complete/, 'completion is not offered: no prompt or resource here has arguments'],
  [/tools-call-(sampling|elicitation)|elicitation-.*|input-required-result-.*/, NO_INPUT],
  [/server-session-lifecycle|server-sse-.*|dns-rebinding-protection|http-.*/, HTTP],
  [/tasks-.*/, TASKS],
  [/sep-2640-skills-.*/, SKILLS],
];
