export interface DatabaseOptions {
  /** `postgres://` URL of a user that owns the schema or may create it. */
  url: string;
  /** Shown in `pg_stat_activity`, so that a stalled horizon names its process. */
  applicationName: string;
  /** Connections of this process, besides one for each lease that it holds or waits for. */
  poolSize?: number;
  /** Told of connection errors of idle clients; they are replaced by themselves. */
  onIdleError?: (error: Error) => void;
}
