/** Who may import whom: pure things import nothing, adapters import pure things, apps wire them. */
const PURE = '^libs/(session|proof)/';
const isSpec = '\\.spec\\.ts$|^libs/testing/|^test/';

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'pure-libs-import-no-other-lib',
      comment: 'session and proof are pure: no framework, no SQL, no clock, no environment',
      severity: 'error',
      from: { path: PURE, pathNot: isSpec },
      to: { path: '^(apps|libs)/', pathNot: ['^libs/session/', '^libs/proof/'] },
    },
    {
      name: 'pure-libs-import-no-framework',
      severity: 'error',
      from: { path: PURE, pathNot: isSpec },
      to: { dependencyTypes: ['npm', 'npm-dev'], pathNot: 'node_modules/canonicalize' },
    },
    {
      name: 'session-and-proof-apart',
      severity: 'error',
      from: { path: '^libs/session/' },
      to: { path: '^libs/proof/' },
    },
    {
      name: 'proof-and-session-apart',
      severity: 'error',
      from: { path: '^libs/proof/' },
      to: { path: '^libs/session/' },
    },
    {
      name: 'contracts-import-only-session',
      severity: 'error',
      from: { path: '^libs/contracts/', pathNot: isSpec },
      to: { path: '^libs/(?!contracts|session)' },
    },
    { name: 'libs-do-not-import-apps', severity: 'error', from: { path: '^libs/' }, to: { path: '^apps/' } },
    {
      name: 'apps-do-not-import-apps',
      severity: 'error',
      from: { path: '^apps/([^/]+)/', pathNot: '^apps/standalone/|\\.spec\\.ts$' },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    {
      name: 'no-deep-imports-into-libs',
      comment: "nobody reaches past a lib's index.ts",
      severity: 'error',
      from: { path: '^(apps|libs|test)/', pathNot: '^libs/([^/]+)/' },
      to: { path: '^libs/[^/]+/src/(?!index\\.ts$)' },
    },
    {
      name: 'no-deep-imports-between-libs',
      severity: 'error',
      from: { path: '^libs/([^/]+)/' },
      to: { path: '^libs/[^/]+/src/(?!index\\.ts$)', pathNot: '^libs/$1/' },
    },
    {
      name: 'clients-never-import-the-server-side',
      comment: 'mcp and cli speak HTTP and NATS like any client',
      severity: 'error',
      from: { path: '^(apps/(mcp|cli)|libs/client)/', pathNot: isSpec },
      to: { path: '^libs/(ledger|commands|read-models|tokens|embedded|messaging)/' },
    },
    { name: 'testing-only-from-tests', severity: 'error', from: { pathNot: isSpec }, to: { path: '^libs/testing/' } },
    {
      name: 'not-to-dev-dependency',
      severity: 'error',
      from: { path: '^(apps|libs)/', pathNot: isSpec },
      to: { dependencyTypes: ['npm-dev'] },
    },
    { name: 'not-to-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
