import type { Database } from '#libs/database';

interface PlanNode {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  'Rows Removed by Index Recheck'?: number;
  Plans?: PlanNode[];
}

/** Rows of events, and of the words' bit maps, that a statement looks at when it runs; and its plan. */
export async function rowsRead(
  database: Database,
  text: string,
  values: unknown[],
): Promise<{ events: number; maps: number; plan: string }> {
  const [explained] = await database.queryByIndex<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>(
    `explain (analyze, format json, timing off) ${text}`,
    values,
  );
  const read = { events: 0, maps: 0, plan: '' };
  const add = (node: PlanNode, depth: number): void => {
    const table = node['Relation Name'] ?? node['Index Name'];
    const seen = rowsOf(node);
    if (table !== undefined) {
      if (table.startsWith('audit_word')) read.maps += seen;
      else read.events += seen;
    }
    read.plan += `${'  '.repeat(depth)}${node['Node Type']}${table ? ` on ${table}` : ''}: ${seen}\n`;
    for (const child of node.Plans ?? []) add(child, depth + 1);
  };
  if (explained) add(explained['QUERY PLAN'][0].Plan, 0);
  return read;
}

/** The plan tells rows by loop. */
function rowsOf(node: PlanNode): number {
  const rows =
    node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0);
  return Math.round(rows * node['Actual Loops']);
}
