/**
 * Every started task, as a step named `in_hand`. `ahead` is true where the task waits in its worker for a child
 * process.
 */
export const inHand = `in_hand as materialized (
  select * from darkroom.in_hand
)`
