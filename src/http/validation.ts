import type { FastifySchemaCompiler } from 'fastify'
import type { TSchema } from 'typebox'
import Value from 'typebox/value'
import { checkOf, refuse } from '#schema/check.ts'

/**
 * The validator of task arguments checks requests too: one way to say what is wrong with a field. A query string is
 * all texts, so its numbers are read as such first; a body means what it says, and "5" is not a number.
 */
export const validatorCompiler: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const check = checkOf(schema)
  return (data: unknown) => {
    const value = httpPart === 'querystring' ? Value.Convert(schema, data) : data
    const problems = check(value)
    return problems.length > 0 ? { error: refuse(problems) } : { value }
  }
}
