import { Catch, type RpcExceptionFilter } from '@nestjs/common';
import { type Observable, throwError } from 'rxjs';

/** Without this Nest would answer "Internal server error" in place of the error, and the reader could not say what is wrong. */
@Catch()
export class ErrorsReachTheTransport implements RpcExceptionFilter {
  catch(error: unknown): Observable<never> {
    return throwError(() => error);
  }
}
