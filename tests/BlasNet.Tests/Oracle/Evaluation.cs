namespace BlasNet.Tests.Oracle;

/// <summary>The oracle: what steps mean, for one example.</summary>
/// <param name="tape">Remembers every number.</param>
/// <param name="seed">Of random draws.</param>
/// <param name="example">The example's number, which random draws depend on.</param>
/// <param name="isTraining">Whether dropout drops.</param>
internal sealed class Evaluation(Tape tape, long seed, int example, bool isTraining)
{
    private const int LargestStep = 3000;   // numbers

    private Dictionary<(Shape Shape, string Bits), Matrix> _constants = [];   // equal ones are one variable, those of a body its own

    public Tape Tape => tape;

    public long Seed => seed;

    public int Example => example;

    public bool IsTraining => isTraining;

    /// <summary>Random draws so far.</summary>
    public int Draws { get; set; }

    /// <summary>The largest magnitude of a value that is still tame.</summary>
    public double LargestValue { get; init; } = 20;

    /// <summary>Most numbers of a value that is still tame.</summary>
    public int LargestSize { get; init; } = int.MaxValue;

    /// <summary>Whether all values so far are finite, not large, and away from kinks.</summary>
    public bool IsTame { get; private set; } = true;

    /// <summary>Computes the step's values and appends them.</summary>
    /// <param name="step">Its operands are numbers of <paramref name="values"/>.</param>
    /// <param name="values">Of the example or of a body, by their numbers.</param>
    public void Run(Step step, List<Matrix> values)
    {
        int mark = tape.Count;
        Matrix[] operands = [.. step.Operands.Select(operand => values[operand])];
        IsTame &= step.Function is not null || step.Operation.Domain(operands, step);
        Matrix[] results = step.Function is { } function ? Call(function, operands, values) : step.Operation.Define(this, operands, step);
        while (values.Count < step.Id)
            values.Add(null!);

        foreach (Matrix result in results)
        {
            values.Add(operands.Contains(result) || step.Operation == Operations.Constant ? result : OfOwnVariables(result, mark));
            IsTame &= tape.Count - mark < LargestStep && result.Length <= LargestSize && IsSmall(result);
        }
    }

    public Matrix Constant(Shape shape, double[] data)
    {
        string bits = string.Join(' ', data.Select(BitConverter.DoubleToInt64Bits));
        if (!_constants.TryGetValue((shape, bits), out Matrix? known))
            _constants.Add((shape, bits), known = Naive.Shaped(shape, [.. data.Select(tape.Number)]));

        return known;
    }

    /// <summary>The same of another evaluation of the same example.</summary>
    public void TakeConstants(Evaluation other) => _constants = other._constants;

    // Arguments and results are variables of their own.
    private Matrix[] Call(FunctionDefinition function, Matrix[] operands, List<Matrix> values)
    {
        List<Matrix> inner = values.GetRange(0, function.FirstArgument);
        inner.AddRange(operands.Select(Copy));
        int floor = tape.Floor;
        tape.Floor = tape.Count;
        Dictionary<(Shape, string), Matrix> constants = _constants;
        _constants = [];
        foreach (Step step in function.Steps)
            Run(step, inner);

        _constants = constants;
        tape.Floor = floor;
        return [.. function.Results.Select(result => Copy(inner[result]))];
    }

    private static Matrix Copy(Matrix value) => Naive.Map(value, x => x.Copy());

    // Numbers from before are copied, so that the value can be differentiated by.
    private static Matrix OfOwnVariables(Matrix value, int mark)
    {
        foreach (Number element in value.Span)
        {
            if (element.Index < mark)
                return Naive.Map(value, x => x.Index < mark ? x.Copy() : x);
        }

        return value;
    }

    private bool IsSmall(Matrix value)
    {
        foreach (Number element in value.Span)
        {
            if (!(Math.Abs(element.Value) <= LargestValue))
                return false;
        }

        return true;
    }
}
