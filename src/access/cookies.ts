/** Names of the cookie of a session: the first one only travels by https. */
export const cookieNames = { secure: '__Host-darkroom', local: 'darkroom' } as const
