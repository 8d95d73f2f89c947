import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'

export interface Operation {
  /** `GET /api/tasks/{id}` */
  name: string
  method: string
  path: string
  operationId?: string
  parameters: any[]
  requestBody?: any
  /** With the codes of the problems of each status; empty for a status that is no problem. */
  responses: Map<string, { response: any; codes: string[] }>
}

/** An answer, as any client sees it. */
export interface Answered {
  status: number
  headers: Record<string, unknown>
  body: string
}

// Headers that matter to a client, so the document has to declare them.
const telling = ['location', 'retry-after', 'content-range', 'accept-ranges', 'etag', 'content-disposition']

/** A strict reader of the document: what is not declared does not exist. */
export function readDocument(document: any) {
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  formats.default(ajv)
  // Compiled once, and not anew with each schema that refers to them.
  ajv.addSchema({ $id: id, components: closed(document.components) })
  const checks = new WeakMap<object, ValidateFunction>()

  return {
    operations: operationsOf(document),
    undescribed: () => undescribedIn(document),
    wrongWithAnswer,
    wrongWithExamples
  }

  /** Contradictions between an answer and the document; empty if the document is true. */
  function wrongWithAnswer(operation: Operation, { status, headers, body }: Answered): string[] {
    const declared = operation.responses.get(String(status))?.response
    if (!declared) return [`${status} is not declared: ${body}`]

    const wrong: string[] = []
    const known = Object.keys(declared.headers ?? {}).map(name => name.toLowerCase())
    for (const name of telling) {
      if (headers[name] !== undefined && !known.includes(name)) wrong.push(`the header ${name} is not declared`)
    }

    const type = String(headers['content-type'] ?? '').split(';')[0]!
    if (!declared.content) return body === '' ? wrong : [...wrong, `it has a body: ${body}`]
    const content = declared.content[type]
    if (!content) return [...wrong, `its type is not declared: ${type}`]
    return type.endsWith('json') ? [...wrong, ...wrongWith(content.schema, JSON.parse(body))] : wrong
  }

  function wrongWithExamples(): string[] {
    return placesOf(document).flatMap(({ value, path }) => {
      const { schema = value, example, examples } = value
      const all = Array.isArray(examples) ? examples : Object.values(examples ?? {}).map((each: any) => each.value)
      return [...(example === undefined ? [] : [example]), ...all].flatMap(each =>
        wrongWith(schema, each).map(message => `${path}: ${message}`)
      )
    })
  }

  function wrongWith(schema: any, value: unknown): string[] {
    const check = checks.get(schema) ?? ajv.compile(anchored(closed(schema)))
    checks.set(schema, check)
    if (check(value)) return []
    return check.errors!.map(({ instancePath, message, params }) =>
      [instancePath, message, JSON.stringify(params)].join(' ')
    )
  }
}

const id = 'document.json'

/** References to components, from outside of the document. */
function anchored(schema: any) {
  return JSON.parse(JSON.stringify(schema).replaceAll('"$ref":"#/', `"$ref":"${id}#/`))
}

function operationsOf(document: any): Operation[] {
  return Object.entries<any>(document.paths).flatMap(([path, operations]) =>
    Object.entries<any>(operations).map(([method, operation]) => ({
      name: `${method.toUpperCase()} ${path}`,
      method: method.toUpperCase(),
      path,
      operationId: operation.operationId,
      parameters: operation.parameters ?? [],
      requestBody: operation.requestBody,
      responses: new Map(
        Object.entries(operation.responses).map(([status, each]) => {
          const response = resolve(document, each)
          const problem = response.content?.['application/problem+json']
          return [status, { response, codes: problem?.schema.allOf[1].properties.code.enum ?? [] }]
        })
      )
    }))
  )
}

/** The places of fields, parameters and headers without a description. */
function undescribedIn(document: any): string[] {
  return placesOf(document).flatMap(({ value, path }) =>
    Object.entries<any>({ ...value.headers, ...value.parameters, ...fieldsOf(value) })
      // A component may describe itself, and a header or parameter through its schema.
      .filter(([, each]) => {
        const { description = resolve(document, each.schema ?? {}).description } = resolve(document, each)
        return !(description?.length > 1)
      })
      .map(([name, each]) => `${path}/${each.name ?? name}`)
  )
}

/** Every object in a value, outside of examples, and the way to it. */
function placesOf(value: any, path = ''): { value: any; path: string }[] {
  if (typeof value !== 'object' || value === null) return []
  const inside = Object.entries(value).filter(([key]) => key !== 'example' && key !== 'examples')
  return [{ value, path }, ...inside.flatMap(([key, each]) => placesOf(each, `${path}/${key}`))]
}

function resolve(document: any, { $ref, ...rest }: any): any {
  if (!$ref) return rest
  return $ref
    .split('/')
    .slice(1)
    .reduce((part: any, key: string) => part[key], document)
}

/** The constants of a problem narrow fields that its first part describes. */
function fieldsOf({ type, properties = {} }: any) {
  const narrowing = Object.keys(properties).join() === 'status,code'
  return type === 'object' && !narrowing ? properties : {}
}

/** Fields that are not declared are not allowed. The parts of an `allOf` know each only some of them. */
function closed(schema: any): any {
  if (Array.isArray(schema)) return schema.map(closed)
  if (typeof schema !== 'object' || schema === null) return schema
  const { allOf, ...rest } = schema
  const inside = Object.fromEntries(Object.entries(rest).map(([key, each]) => [key, closed(each)]))
  const open = rest.type === 'object' && rest.properties && rest.additionalProperties === undefined
  // The document about itself is the one thing that is too large to be described.
  const described = Object.keys(rest.properties ?? {}).length > 0 && !rest.properties?.openapi
  return { ...inside, ...(allOf && { allOf }), ...(open && described && { additionalProperties: false }) }
}
