namespace BlasNet.Tests.Oracle;

/// <summary>A parameter of a random program.</summary>
internal sealed record RandomParameter(string Name, Shape Shape, double[] Values);

/// <summary>One example: its steps, and which of its values are asked for.</summary>
/// <param name="Number">Its number, which random draws depend on.</param>
/// <param name="Steps">Step i gives value i + the number of parameters.</param>
/// <param name="Loss">A scalar value.</param>
/// <param name="Outputs">Values that the test compares besides the losses and the gradients.</param>
internal sealed record RandomExample(int Number, IReadOnlyList<Step> Steps, int Loss, int[] Outputs);

/// <summary>A model and a minibatch of examples, made up from a seed.</summary>
/// <remarks>Examples come in one to three kinds. Examples of one kind make the same choices, so that much of them merges, but have
/// their own data, lengths of sequences, shapes of trees and numbers of columns. Operands are picked from all earlier values: parameters and
/// what follows from them alone are shared, values are used several times or not at all.</remarks>
internal sealed record RandomProgram(int Seed, IReadOnlyList<RandomParameter> Parameters, IReadOnlyList<RandomExample> Examples)
{
    public static RandomProgram Create(int seed)
    {
        var random = new Random(seed);
        int state = random.Next(2, 5), features = random.Next(2, 5), classes = random.Next(2, 4), words = random.Next(2, 5);
        Shape[] shapes = [new(state, state), new(state, features), new(state), new(classes, state), new(state, words), new(state, 2 * state), Shape.Scalar];
        RandomParameter[] parameters = [.. shapes.Select((shape, i) => new RandomParameter("WVbUETs"[i..(i + 1)], shape, Data(random, shape.Size)))];
        int[] kinds = [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => random.Next())];

        var tape = new Tape();
        Number[][,] values = [.. parameters.Select(parameter => Leaf(tape, parameter))];
        int count = random.Next(1, 7);
        var examples = new List<RandomExample>();
        for (int number = 0; number < count; number++)
        {
            var draft = new Draft(new OracleContext(tape, seed, number), values, new Random(kinds[random.Next(kinds.Length)]));
            examples.Add(new ExampleWriter(draft, random, state, features, words).Write(number));
        }

        return new RandomProgram(seed, parameters, examples);
    }

    /// <summary>Values and gradients by the definitions.</summary>
    public OracleResult Evaluate()
    {
        var tape = new Tape();
        Number[][,] parameters = [.. Parameters.Select(parameter => Leaf(tape, parameter))];
        var outputs = new List<double[]>();
        Number total = tape.Number(0);
        foreach (RandomExample example in Examples)
        {
            var context = new OracleContext(tape, Seed, example.Number);
            List<Number[,]> values = [.. parameters];
            foreach (Step step in example.Steps)
                values.Add(step.Operation.Define(context, [.. step.Operands.Select(operand => values[operand])], step));

            total += values[example.Loss][0, 0];
            outputs.AddRange(example.Outputs.Append(example.Loss).Select(output => Naive.Elements(values[output]).Select(x => x.Value).ToArray()));
        }

        double[] adjoints = tape.Backward(total);
        double[][] gradients = [.. parameters.Select(parameter => Naive.Elements(parameter).Select(x => adjoints[x.Index]).ToArray())];
        return new OracleResult(outputs, gradients, total.Value, adjoints.Max(Math.Abs));
    }

    /// <summary>The same program with slightly other numbers everywhere.</summary>
    public RandomProgram Moved() => this with
    {
        Parameters = [.. Parameters.Select(parameter => parameter with { Values = Moved(parameter.Values) })],
        Examples = [.. Examples.Select(example => example with { Steps = [.. example.Steps.Select(step => step with { Data = Moved(step.Data) })] })],
    };

    private static double[] Moved(double[] values) => [.. values.Select(value => value * 1.001)];

    public override string ToString()
    {
        var lines = new List<string> { $"seed {Seed}" };
        lines.AddRange(Parameters.Select((parameter, i) => $"  v{i} = {parameter.Name} {parameter.Shape}"));
        foreach (RandomExample example in Examples)
        {
            lines.Add($"  example {example.Number}: loss v{example.Loss}, outputs {string.Join(", ", example.Outputs.Select(output => $"v{output}"))}");
            lines.AddRange(example.Steps.Select((step, i) => $"    v{i + Parameters.Count} = {step}"));
        }

        return string.Join('\n', lines);
    }

    internal static double[] Data(Random random, int length) => [.. Enumerable.Range(0, length).Select(_ => random.NextDouble() * 2 - 1)];

    private static Number[,] Leaf(Tape tape, RandomParameter parameter) =>
        Naive.Make(parameter.Shape.Rows, parameter.Shape.Columns, (i, j) => tape.Number(parameter.Values[j * parameter.Shape.Rows + i]));
}

/// <summary>What the definitions give.</summary>
/// <param name="Outputs">For each example its outputs, then its loss.</param>
/// <param name="Gradients">Of the sum of the losses, for each parameter.</param>
/// <param name="Loss">The sum of the losses.</param>
/// <param name="LargestAdjoint">The largest derivative of the loss with respect to anything; says how much rounding is amplified.</param>
internal sealed record OracleResult(IReadOnlyList<double[]> Outputs, IReadOnlyList<double[]> Gradients, double Loss, double LargestAdjoint);
