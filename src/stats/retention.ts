/** Hours for which minutes are kept; older ones are in the hours alone. */
export const minutesKept = 48
