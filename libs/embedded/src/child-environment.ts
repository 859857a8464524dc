/** What programs of the system need from our environment. All else in it is none of their business, and may be a secret. */
const PASSED_ON = /^(PATH|HOME|LANG|LC_\w+|TMPDIR|(https?|ftp|no)_proxy)$/i;

/** The environment of a program that we run. */
export function childEnvironment(): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => PASSED_ON.test(name)));
}
