import { z } from 'zod';
import {
  agentDefaults,
  agentView,
  apiKeyView,
  channelView,
  cloudEvent,
  deliveryView,
  holderView,
  sessionConstraints,
  sessionView,
} from '#libs/contracts';

export type JsonSchema = Record<string, unknown>;

/** Schemas that the document names; all others stand where they are used. */
const named = z.registry<{ id: string }>();
named.add(agentView, { id: 'Agent' });
named.add(agentDefaults, { id: 'AgentDefaults' });
named.add(sessionView, { id: 'Session' });
named.add(sessionConstraints, { id: 'SessionConstraints' });
named.add(cloudEvent, { id: 'Event' });
named.add(holderView, { id: 'Holder' });
named.add(channelView, { id: 'Channel' });
named.add(deliveryView, { id: 'Delivery' });
named.add(apiKeyView, { id: 'ApiKey' });

/** Turns zod schemas into JSON Schema 2020-12 and collects the named ones. */
export class Schemas {
  readonly components: Record<string, JsonSchema> = {};

  input(schema: z.ZodType): JsonSchema {
    return this.convert(schema, 'input');
  }

  output(schema: z.ZodType): JsonSchema {
    return this.convert(schema, 'output');
  }

  private convert(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
    const {
      $schema: _,
      $defs,
      ...json
    } = z.toJSONSchema(schema, {
      metadata: named,
      io,
      unrepresentable: 'any',
      override: ({ zodSchema, jsonSchema }) => {
        // A format says it; the pattern behind it is for machines that have none.
        if (jsonSchema.format !== undefined) delete jsonSchema.pattern;
        // Answers may grow: a client must not refuse a field that it does not know.
        const isStrict = zodSchema._zod.def.type === 'object' && io === 'input';
        if (!isStrict && jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
      },
    }) as JsonSchema & { $defs?: Record<string, JsonSchema> };
    for (const [name, definition] of Object.entries($defs ?? {})) {
      this.components[name] = withComponentRefs(definition);
    }
    return withComponentRefs(json);
  }
}

function withComponentRefs(schema: JsonSchema): JsonSchema {
  const text = JSON.stringify(schema).replaceAll('"#/$defs/', '"#/components/schemas/');
  return JSON.parse(text) as JsonSchema;
}
