/** The TypeScript type of what a JSON schema describes, as far as our bodies use one, with descriptions as comments. */
export function typeOf(schema: any): string {
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(' | ')
  if (schema.enum) return schema.enum.map((value: unknown) => JSON.stringify(value)).join(' | ')
  if ('const' in schema) return JSON.stringify(schema.const)
  switch (schema.type) {
    case 'string':
    case 'boolean':
    case 'null':
      return schema.type
    case 'integer':
    case 'number':
      return 'number'
    case 'array':
      return `(${typeOf(schema.items)})[]`.replace(/^\((\w+)\)/, '$1')
    case 'object':
      return objectOf(schema)
  }
  if (schema.type === undefined) return 'unknown'
  throw new Error(`There is no type for ${JSON.stringify(schema)}`)
}

function objectOf({ properties, required = [], patternProperties = {} }: any) {
  if (!properties) return `Record<string, ${Object.values(patternProperties).map(typeOf).join(' | ') || 'unknown'}>`
  const fields = Object.entries<any>(properties).map(([name, field]) => {
    const comment = field.description ? `/** ${field.description} */\n` : ''
    return `${comment}${name}${required.includes(name) ? '' : '?'}: ${typeOf(field)}`
  })
  return `{\n${fields.join('\n').replaceAll(/^/gm, '    ')}\n}`
}
