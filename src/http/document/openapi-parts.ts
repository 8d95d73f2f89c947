import { isDeepStrictEqual } from 'node:util'

/**
 * Moves repeated parts of the document into components: a schema with a title becomes a component of that name, and
 * problems that routes share become responses named by their codes.
 */
export function nameParts(document: any) {
  const schemas: Record<string, any> = {}
  const responses: Record<string, any> = {}

  const paths = refer(document.paths)
  for (const operations of Object.values<any>(paths)) {
    for (const operation of Object.values<any>(operations)) {
      // A body with a default may be left out.
      const body = operation.requestBody
      if (body?.content['application/json']?.schema.default) body.required = false
      for (const [status, response] of Object.entries<any>(operation.responses)) {
        const examples = response.content?.['application/problem+json']?.examples
        if (!examples) continue
        const name = Object.keys(examples).join('.')
        responses[name] ??= response
        operation.responses[status] = { $ref: `#/components/responses/${name}` }
      }
    }
  }
  return { ...document, paths, components: { ...document.components, schemas, responses } }

  function refer(value: any): any {
    if (Array.isArray(value)) return value.map(refer)
    if (typeof value !== 'object' || value === null) return value
    const whole = Object.fromEntries(Object.entries(value).map(([key, each]) => [key, refer(each)]))
    const { title } = value
    // Examples and properties may have a field `title`, too.
    if (typeof title !== 'string' || typeof value.properties !== 'object') return whole
    name(title, whole)
    return { $ref: `#/components/schemas/${title}` }
  }

  // At the top of a body the generator has moved the examples out of the schema.
  function name(title: string, { title: _, examples, ...schema }: any) {
    const known = schemas[title]
    if (known) {
      const { examples: knownExamples, ...rest } = known
      if (!isDeepStrictEqual(rest, schema)) throw new Error(`There are two schemas of the title "${title}"`)
      examples ??= knownExamples
    }
    schemas[title] = { ...schema, ...(examples && { examples }) }
  }
}
