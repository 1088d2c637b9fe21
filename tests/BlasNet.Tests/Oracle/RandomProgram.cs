using BlasNet.Kernels;

namespace BlasNet.Tests.Oracle;

/// <summary>A parameter of a random program.</summary>
internal sealed record RandomParameter(string Name, Shape Shape, double[] Values);

/// <summary>Lengths of a state and of an input vector, number of classes and of words.</summary>
internal sealed record RandomSizes(int State, int Features, int Classes, int Words);

/// <summary>A model and what is done with it, made up from a seed.</summary>
/// <remarks>Examples come in one to three kinds. Examples of one kind make the same choices, so that much of them merges, but have
/// their own data, lengths of sequences, shapes of trees and numbers of columns. Operands are picked from all earlier values: parameters and
/// what follows from them alone are shared, values are used several times or not at all.</remarks>
/// <param name="Seed">What it is made up from; also the model's.</param>
/// <param name="Precision">The model's.</param>
/// <param name="Parameters">Numbers 0 … of every example and body.</param>
/// <param name="Functions">Callees before their callers.</param>
/// <param name="Optimizer">The trainer's.</param>
/// <param name="Acts">What is done, one after another, with one model, one trainer, one evaluator.</param>
internal sealed record RandomProgram(
    int Seed, Precision Precision, IReadOnlyList<RandomParameter> Parameters, IReadOnlyList<FunctionDefinition> Functions, OptimizerDefinition Optimizer,
    IReadOnlyList<Act> Acts)
{
    public const int ParameterCount = 8;

    /// <summary>The parameter that is one number.</summary>
    public const int Scalar = 6;

    private const string Names = "WVbUETsc";

    /// <summary>How parameters are written where an operand is expected: joined to the graph before, or as they are.</summary>
    public bool JoinsParameters => (Seed & 4) == 0;

    /// <summary>How it is computed: also by machine code of its own from the start, as long trainings are; on two threads; by the kernels of large products,
    /// with the forms of parameters that are kept until the values change.</summary>
    public ComputeSettings Settings => ComputeSettings.Current with
    {
        IsEager = Seed % 10 == 2,
        Threads = Seed % 4 == 1 ? 2 : 1,
        Kernels = Seed % 7 == 3 ? GemmKernels.Packed : GemmKernels.Auto,
    };

    /// <summary>Whether examples await some of their values.</summary>
    public bool Awaits => Seed % 3 == 1;

    /// <summary>Whether they await what a step gives.</summary>
    public bool LooksAt(Step step) => unchecked((uint)(Seed * 31 + step.Id * 17)) % 5 == 0;

    public static RandomProgram Create(int seed)
    {
        var random = new Random(seed);
        var sizes = new RandomSizes(random.Next(8) == 0 ? 1 : random.Next(2, 5), random.Next(2, 5), random.Next(2, 4), random.Next(2, 5));
        if (seed % 11 == 7)
            sizes = sizes with { State = random.Next(5, 25) };   // longer than the processor's vectors; takes long

        int state = sizes.State;
        Shape[] shapes =
        [
            new(state, state), new(state, sizes.Features), new(state), new(sizes.Classes, state), new(state, sizes.Words), new(state, 2 * state),
            Shape.Scalar, new(state),
        ];
        RandomParameter[] parameters = [.. shapes.Select((shape, i) => new RandomParameter(Names[i..(i + 1)], shape, Weights(random, shape)))];
        int[] kinds = [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => random.Next())];
        var functions = new FunctionPool(seed);
        RandomExample[] examples = [.. Enumerable.Range(0, random.Next(1, 6)).Select(_ =>
            new ExampleWriter(NewDraft(new Random(kinds[random.Next(kinds.Length)]), isBody: false), random, functions, sizes).Write())];
        RandomExample penalty = ExampleWriter.WritePenalty(NewDraft(random, isBody: true), functions);
        var optimizer = OptimizerDefinition.Create(random);
        return new RandomProgram(
            seed, random.Next(4) == 0 ? Precision.Single : Precision.Double, parameters, [.. functions.All], optimizer,
            new ActWriter(random, parameters, examples, optimizer, penalty).Write());

        Draft NewDraft(Random structure, bool isBody)
        {
            var tape = new Tape();
            return new Draft(
                new Evaluation(tape, seed, example: 0, isTraining: !isBody) { LargestSize = Math.Max(48, 4 * state) },
                parameters.Select(parameter => Naive.Shaped(parameter.Shape, [.. parameter.Values.Select(tape.Number)])), structure, isBody);
        }
    }

    public RandomProgram WithAct(int index, Act act) => this with { Acts = [.. Acts.Take(index), act, .. Acts.Skip(index + 1)] };

    /// <summary>With another function in the place of one, wherever it is called.</summary>
    public RandomProgram WithFunction(FunctionDefinition function, FunctionDefinition other)
    {
        var replaced = new Dictionary<FunctionDefinition, FunctionDefinition>();
        foreach (FunctionDefinition each in Functions)
        {
            FunctionDefinition now = each == function ? other : each;
            replaced.Add(each, now with { Steps = Replace(now.Steps) });
        }

        return this with
        {
            Functions = [.. replaced.Values],
            Acts = [.. Acts.Select(act => act.With(example => example with { Steps = Replace(example.Steps) }))],
        };

        IReadOnlyList<Step> Replace(IReadOnlyList<Step> steps) =>
            [.. steps.Select(step => step.Function is { } callee ? step with { Function = replaced[callee] } : step)];
    }

    public override string ToString()
    {
        var lines = new List<string> { $"seed {Seed}, {Precision}, parameters {(JoinsParameters ? "joined by graph.Use" : "as they are")}, {Optimizer}" };
        lines.AddRange(Parameters.Where((_, i) => IsUsed(i)).Select(parameter =>
            $"  {parameter.Name} {parameter.Shape} = [{string.Join(", ", parameter.Values.Select(x => x.ToString("G3")))}]"));
        lines.AddRange(Functions.Where(IsCalled).Select(function => $"  {function.ToText(NameOf)}"));
        lines.AddRange(Acts.SelectMany(act => act.Lines(NameOf)));
        return string.Join('\n', lines);
    }

    internal static double[] Data(Random random, int length) => [.. Enumerable.Range(0, length).Select(_ => random.NextDouble() * 2 - 1)];

    // Products with long rows would be large else.
    private static double[] Weights(Random random, Shape shape)
    {
        double scale = Math.Min(1, 3 / Math.Sqrt(shape.Columns));
        return [.. Data(random, shape.Size).Select(x => x * scale)];
    }

    private static string NameOf(int value) => value < ParameterCount ? Names[value..(value + 1)] : $"v{value}";

    private bool IsUsed(int value) => Functions.Where(IsCalled).Any(function => Uses(function.Steps, function.Results, value))
        || Acts.Any(act => act.All.Any(example => Uses(example.Steps, [example.Loss, .. example.Outputs], value)));

    private static bool Uses(IReadOnlyList<Step> steps, int[] results, int value) =>
        results.Contains(value) || steps.Any(step => step.Operands.Contains(value));

    private bool IsCalled(FunctionDefinition function) =>
        Acts.Any(act => act.All.Any(example => example.Steps.Any(step => step.Function == function)))
        || Functions.Any(caller => caller != function && caller.Callees.Contains(function) && IsCalled(caller));
}
