/**
 * The request's id in the beginning of a JSON-RPC message that is too long to be parsed, or null. Looks at the top level
 * only: an `id` inside `params` names something else.
 */
export function requestIdIn(start: string): string | number | null {
  let depth = 0;
  let expectKey = false;
  for (let at = 0; at < start.length; at += 1) {
    const character = start[at];
    if (character === '"') {
      const end = endOfString(start, at);
      if (end < 0) return null;
      if (depth === 1 && expectKey && start.slice(at, end + 1) === '"id"') return valueAfter(start, end + 1);
      expectKey = false;
      at = end;
    } else if (character === '{' || character === '[') {
      depth += 1;
      expectKey = character === '{' && depth === 1;
    } else if (character === '}' || character === ']') {
      depth -= 1;
    } else if (character === ',' && depth === 1) {
      expectKey = true;
    }
  }
  return null;
}

function endOfString(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '"') return at;
  }
  return -1;
}

function valueAfter(text: string, from: number): string | number | null {
  const match = /^\s*:\s*(-?\d+(?:\.\d+)?(?=\s*[,}])|"(?:[^"\\]|\\.)*")/.exec(text.slice(from, from + 1024));
  return match?.[1] === undefined ? null : (JSON.parse(match[1]) as string | number);
}
