type Works<Results extends unknown[]> = {
  [At in keyof Results]: (signal: AbortSignal) => Promise<Results[At]>
}

/**
 * Runs works side by side. The first failure stops the others; it is thrown when all of them have ended, so that no
 * process of theirs goes on.
 */
export async function together<Results extends unknown[]>(
  signal: AbortSignal | undefined,
  ...works: Works<Results>
): Promise<Results> {
  signal?.throwIfAborted()
  const failed = new AbortController()
  const shared = signal ? AbortSignal.any([signal, failed.signal]) : failed.signal
  let failure: { error: unknown } | undefined
  const results = await Promise.all(
    works.map(work =>
      work(shared).catch((error: unknown) => {
        failure ??= { error }
        failed.abort()
      })
    )
  )
  signal?.throwIfAborted()
  if (failure) throw failure.error
  return results as Results
}
