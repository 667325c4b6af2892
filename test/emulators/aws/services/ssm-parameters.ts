import type { Call } from '../core/call.ts';
import { plainAction } from '../core/call.ts';
import { need, Refusal } from '../core/refusal.ts';
import { flag, list, text } from '../core/shape.ts';
import type { Body } from '../core/xml.ts';

/** A public parameter: the newest image of a kind. */
function parameterBody({ region, world }: Call, name: string): Body {
  const image = region.images.find(({ parameters }) => parameters.includes(name));
  if (image === undefined) return undefined;
  return {
    Name: name,
    Type: 'String',
    Value: image.id,
    Version: 42,
    LastModifiedDate: new Date(world.clock.now() - 86_400_000),
    ARN: `arn:aws:ssm:${region.name}::parameter${name}`,
    DataType: name.includes('deeplearning') ? 'text' : 'aws:ec2:image',
  };
}

export const getParameter = plainAction('json', { Name: text, WithDecryption: flag }, (input, call) => {
  const Parameter = parameterBody(call, need(input.Name, 'Name'));
  // The service gives no words to this refusal.
  if (Parameter === undefined) throw new Refusal('ParameterNotFound', '');
  return { Parameter };
});

export const getParameters = plainAction('json', { Names: list(text), WithDecryption: flag }, (input, call) => {
  const names = need(input.Names, 'Names');
  if (names.length < 1 || names.length > 10) {
    throw new Refusal('ValidationException', `1 validation error detected: Value at 'names' failed to satisfy constraint: Member must have length less than or equal to 10`);
  }
  const bodies = names.map((name) => parameterBody(call, name));
  return {
    Parameters: bodies.filter((body) => body !== undefined),
    InvalidParameters: names.filter((_, index) => bodies[index] === undefined),
  };
});
