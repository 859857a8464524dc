/** Exit 0 when the service on this port of the container is ready; for health checks, so that images need no curl. */
const [port] = process.argv.slice(2);
try {
  const response = await fetch(`http://127.0.0.1:${port}/health/ready`, { signal: AbortSignal.timeout(4000) });
  console.log(await response.text());
  process.exitCode = response.ok ? 0 : 1;
} catch (error) {
  console.log(error.message);
  process.exitCode = 1;
}
