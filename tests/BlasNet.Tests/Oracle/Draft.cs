namespace BlasNet.Tests.Oracle;

/// <summary>One example, or a function's body, while it is being made up. Asks the oracle for every value, so as to
/// stay where functions are smooth and tame.</summary>
/// <param name="evaluation">The oracle, and which example this is.</param>
/// <param name="given">The first values: parameters and, in a body, arguments.</param>
/// <param name="structure">Decides what is computed; the same for examples of one kind.</param>
/// <param name="isBody">Whether it is a function's body, which cannot bring data.</param>
internal sealed class Draft(Evaluation evaluation, IEnumerable<Matrix> given, Random structure, bool isBody)
{
    private const double LargestValue = 6;

    private readonly List<Matrix> _values = [.. given];
    private readonly Dictionary<int, int> _indexLimits = [];   // of the values that are indices
    private readonly HashSet<int> _noTargets = [];             // may be another value's node: gradients

    public Matrix this[int value] => _values[value];

    public Evaluation Evaluation => evaluation;

    public IReadOnlyList<Matrix> Values => _values;

    public List<Step> Steps { get; } = [];

    /// <summary>Number of values so far, given ones included.</summary>
    public int Count => _values.Count;

    public int Next(int limit) => structure.Next(limit);

    public int IndexLimit(int value) => _indexLimits.GetValueOrDefault(value);

    /// <summary>Says that a value is an index below a limit.</summary>
    public void AddIndex(int value, int limit) => _indexLimits.Add(value, limit);

    /// <summary>Adds a step of random operands, where some fit.</summary>
    public int Take(Operation operation) => isBody && operation.IsForExamples ? -1 : Take(operation, operation.Choose(this));

    /// <summary>Adds a step if its values are finite, small and not too large; otherwise nothing.</summary>
    /// <returns>The number of the first new value, or −1.</returns>
    public int Take(Operation? operation, Step? step)
    {
        if (step is null)
            return -1;

        step = step with { Operation = operation!, Id = Count };
        var trial = new Evaluation(evaluation.Tape, evaluation.Seed, evaluation.Example, evaluation.IsTraining)
        {
            Draws = evaluation.Draws,
            LargestValue = LargestValue,
            LargestSize = evaluation.LargestSize,
        };
        trial.TakeConstants(evaluation);
        trial.Run(step, _values);
        if (!trial.IsTame)
        {
            _values.RemoveRange(step.Id, Count - step.Id);
            return -1;
        }

        evaluation.Draws = trial.Draws;
        if (operation == Operations.Index || operation == Operations.ArgMax)
            AddIndex(step.Id, step.B);

        if (Operations.Derivatives.Contains(operation) || IsSameNode(step))
            _noTargets.UnionWith(step.Results);

        Steps.Add(step);
        return step.Id;
    }

    // The sum of a number is the number itself.
    private bool IsSameNode(Step step) =>
        step.Function is null && step.Operands.Any(operand => !IsTarget(operand)
            && (ReferenceEquals(_values[operand], _values[step.Id]) || step.Operation.Name == "Dropout"));   // which evaluation leaves out

    /// <summary>As <see cref="Take(Operation, Step)"/>, with the operands given; where the value would be too large, the last operand itself.</summary>
    public int Apply(Operation operation, params int[] operands) => Take(operation, new Step(operands)) is >= 0 and var value ? value : operands[^1];

    public Step? Any() => Where(_ => true, (_, x) => new Step(x));

    public Step? Where(Func<Matrix, bool> fits, Func<Draft, int, Step> make)
    {
        int[] candidates = [.. Enumerable.Range(0, Count).Where(value => !_indexLimits.ContainsKey(value) && fits(_values[value]))];
        return candidates.Length == 0 ? null : make(this, candidates[Recent(candidates.Length)]);
    }

    /// <summary>A value and indices for it, which are below a limit.</summary>
    public Step? WhereIndex(Func<Matrix, Matrix, int, bool> fits)
    {
        if (_indexLimits.Count == 0)
            return null;

        var (index, limit) = _indexLimits.ElementAt(Next(_indexLimits.Count));
        return Where(x => fits(x, _values[index], limit), (_, x) => new Step(x, index));
    }

    public Step? Pair(Func<Matrix, Matrix, bool> fits)
    {
        int first = Any()!.Operands[0];
        return Where(second => fits(_values[first], second), (_, second) => new Step(first, second));
    }

    /// <summary>Two to five operands, each of which fits the first; perhaps one of them twice.</summary>
    public Step? Several(Func<Matrix, Matrix, bool> fits)
    {
        var operands = new List<int> { Any()!.Operands[0] };
        int more = 1 + Next(4);
        for (int i = 0; i < more; i++)
            operands.Add(Where(value => fits(_values[operands[0]], value), (_, value) => new Step(value))!.Operands[0]);

        return new Step([.. operands]);
    }

    /// <summary>One number that is computed.</summary>
    public int? Scalar() => Where(value => value.Length == 1, (_, value) => new Step(value))?.Operands[0];

    public bool IsTarget(int value) => !_noTargets.Contains(value);

    /// <summary>Values to differentiate by: half of them parameters.</summary>
    public int[] Targets(int count) => [.. Enumerable.Range(0, count).Select(_ => Target()).Where(IsTarget).DefaultIfEmpty(0)];

    private int Target() => Next(2) == 0 ? Next(RandomProgram.ParameterCount) : Any()!.Operands[0];

    // Half of the choices fall on the latest values, so that graphs become deep.
    private int Recent(int count) => Next(2) == 0 ? Next(count) : count - 1 - Next(Math.Min(count, 4));
}
