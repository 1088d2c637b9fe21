namespace BlasNet.Tests.Oracle;

/// <summary>One example: its steps, and which of its values are asked for.</summary>
/// <param name="Steps">Their values' numbers follow those of the parameters.</param>
/// <param name="Loss">A scalar value.</param>
/// <param name="Outputs">Values to compare besides the loss and the gradients; at least one.</param>
internal sealed record RandomExample(IReadOnlyList<Step> Steps, int Loss, int[] Outputs)
{
    /// <summary>In the mean over a minibatch.</summary>
    public double Weight { get; init; } = 1;

    /// <summary>Whether √(0·s) is added to the loss: 0, but its gradient is not a number.</summary>
    public bool IsPoisoned { get; init; }

    /// <summary>What the definitions give.</summary>
    /// <param name="parameters">Shapes.</param>
    /// <param name="values">Each parameter's elements, column by column.</param>
    /// <param name="seed">Of random draws.</param>
    /// <param name="number">The example's number, which random draws depend on.</param>
    /// <param name="isTraining">Whether dropout drops.</param>
    public ExampleResult Evaluate(IReadOnlyList<RandomParameter> parameters, double[][] values, long seed, int number, bool isTraining)
    {
        var tape = new Tape();
        var evaluation = new Evaluation(tape, seed, number, isTraining);
        List<Matrix> all =
            [.. parameters.Select((parameter, i) => Naive.Shaped(parameter.Shape, Array.ConvertAll(values[i], tape.Number)))];
        Matrix[] leaves = [.. all];
        foreach (Step step in Steps)
            evaluation.Run(step, all);

        return new ExampleResult(leaves, all, all[Loss][0, 0], evaluation.IsTame);
    }

    /// <summary>The same structure with other data: numbers, words and labels, some of them equal where they were not.</summary>
    public RandomExample WithOtherData(Random random) => this with
    {
        Weight = random.Next(4) * 0.75,
        Steps = [.. Steps.Select(step => Changed(step, random))],
    };

    /// <summary>As lines of C#.</summary>
    public IEnumerable<string> Lines(string title, Func<int, string> name) =>
    [
        $"    {title}, weight {Weight}: loss {name(Loss)}, outputs {string.Join(", ", Outputs.Select(name))}",
        .. Steps.Select(step => $"      {step.ToText(name)}"),
    ];

    // Constants and factors are structure: seldom changed, so that a plan is found again, or has to be made anew.
    private static Step Changed(Step step, Random random) => step switch
    {
        { Operation: { } operation } when operation == Operations.Constant =>
            random.Next(3) == 0 ? step with { Data = Constants.Data(random, step.Shape) } : step,
        { Operation: { } operation } when operation == Operations.Scale => random.Next(12) == 0 ? step with { Factor = -step.Factor } : step,
        not { Operation.HasData: true } => step,
        _ when random.Next(3) == 0 => step,
        { Operation: { } operation } when operation == Operations.Index => step with { Data = [random.Next(step.B)] },
        { Data.Length: > 0, B: > 0 } => step with { Data = [.. step.Data.Select(_ => (double)random.Next(step.B))] },
        { Data.Length: > 0 } => step with { Data = RandomProgram.Data(random, step.Data.Length) },
        { B: > 0 } => step with { A = random.Next(step.B) },
        _ => step,
    };
}

/// <summary>What the definitions give for one example.</summary>
/// <param name="Parameters">The parameters' numbers.</param>
/// <param name="Values">All of the example's, by number.</param>
/// <param name="Loss">The loss.</param>
/// <param name="IsTame">Whether all values are finite, not large, and away from kinks.</param>
internal sealed record ExampleResult(Matrix[] Parameters, IReadOnlyList<Matrix> Values, Number Loss, bool IsTame)
{
    private double[]? _adjoints;
    private double[][]? _gradients;
    private double? _largestAdjoint;

    /// <summary>The derivative of the loss by each parameter, column by column.</summary>
    public double[][] Gradients => _gradients ??= [.. Parameters.Select(parameter => parameter.Elements.Select(AdjointOf).ToArray())];

    /// <summary>The largest number on the way, or derivative of the loss by one; says how much rounding is amplified.</summary>
    public double Scale => Math.Max(Loss.Tape.LargestMagnitude, _largestAdjoint ??= Adjoints.Max(Math.Abs));

    private double[] Adjoints => _adjoints ??= Loss.Tape.Backward(Loss);

    private double AdjointOf(Number x) => x.Index < Adjoints.Length ? Adjoints[x.Index] : 0;

    public double[] ValueOf(int value) => Naive.Values(Values[value]);
}
