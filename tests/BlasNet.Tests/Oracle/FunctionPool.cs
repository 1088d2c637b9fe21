namespace BlasNet.Tests.Oracle;

/// <summary>The functions of a program. Each is made up for the arguments that first call it.</summary>
/// <param name="seed">What they compute.</param>
internal sealed class FunctionPool(int seed)
{
    public const int Keys = 7;

    private readonly SortedDictionary<int, FunctionDefinition> _functions = [];

    /// <summary>Callees before their callers.</summary>
    public IEnumerable<FunctionDefinition> All => _functions.Values;

    /// <summary>Adds a call of some function to a draft.</summary>
    /// <param name="draft">The caller.</param>
    /// <param name="below">Only functions below this key, so that none calls itself.</param>
    /// <returns>The step, or null where no arguments fit.</returns>
    public Step? Call(Draft draft, int below = Keys)
    {
        if (below == 0)
            return null;

        int key = draft.Next(below);
        if (!_functions.TryGetValue(key, out FunctionDefinition? function))
            _functions.Add(key, function = Write(draft, key));

        var operands = new int[function.Arguments.Length];
        for (int i = 0; i < operands.Length; i++)
        {
            operands[i] = Argument(draft, function.Arguments[i], function.IndexLimits[i]);
            if (operands[i] < 0)
                return null;
        }

        return draft.Take(null, new Step(operands) { Function = function }) < 0 ? null : draft.Steps[^1];
    }

    private static int Argument(Draft draft, Shape shape, int indexLimit)
    {
        if (indexLimit == 0)
            return draft.Where(value => Naive.ShapeOf(value) == shape, (_, value) => new Step(value))?.Operands[0] ?? -1;

        int[] indices = [.. Enumerable.Range(0, draft.Count).Where(IsIndex)];
        return indices.Length == 0 ? -1 : indices[draft.Next(indices.Length)];

        bool IsIndex(int value) => draft.IndexLimit(value) == indexLimit && Naive.ShapeOf(draft[value]) == shape;
    }

    private FunctionDefinition Write(Draft caller, int key)
    {
        var structure = new Random(unchecked(seed * 31 + key));
        int[] arguments = [.. Enumerable.Range(0, 1 + structure.Next(3)).Select(_ => Pick(caller, structure))];
        IEnumerable<Matrix> copies = arguments.Select(value => Naive.Map(caller[value], x => x.Copy()));
        IEnumerable<Matrix> given = [.. caller.Values.Take(RandomProgram.ParameterCount), .. copies];
        var evaluation = new Evaluation(caller.Evaluation.Tape, caller.Evaluation.Seed, caller.Evaluation.Example, caller.Evaluation.IsTraining)
        {
            LargestSize = caller.Evaluation.LargestSize,
        };
        var draft = new Draft(evaluation, given, structure, isBody: true);
        for (int i = 0; i < arguments.Length; i++)
        {
            if (caller.IndexLimit(arguments[i]) is > 0 and var limit)
                draft.AddIndex(RandomProgram.ParameterCount + i, limit);
        }

        int floor = evaluation.Tape.Floor;
        evaluation.Tape.Floor = evaluation.Tape.Count;
        Constants.Write(draft, Naive.ShapeOf(draft[draft.Any()!.Operands[0]]));
        int gradient = structure.Next(2) == 0 ? Layer(draft, RandomProgram.ParameterCount + structure.Next(arguments.Length)) : -1;
        new FreeSteps(draft, this, key).Write(1 + structure.Next(7));
        evaluation.Tape.Floor = floor;
        return new FunctionDefinition(
            $"f{key}", RandomProgram.ParameterCount, [.. arguments.Select(value => Naive.ShapeOf(caller[value]))],
            (ArgumentForm)structure.Next(2), draft.Steps, Results(draft, structure, gradient))
        {
            IndexLimits = [.. arguments.Select(caller.IndexLimit)],
        };
    }

    // tanh(W·x) of an argument, or tanh(w·x) element by element; perhaps the gradient of its square by both.
    private static int Layer(Draft draft, int x)
    {
        if (draft.IndexLimit(x) > 0)
            return -1;

        int[] weights = [.. Enumerable.Range(0, RandomProgram.ParameterCount).Where(IsMatrix)];
        int product = weights.Length > 0
            ? draft.Take(Operations.MatMul, new Step(weights[draft.Next(weights.Length)], x))
            : draft.Take(Operations.Multiply, new Step(RandomProgram.Scalar, x));
        if (product < 0)
            return -1;

        int weight = draft.Steps[^1].Operands[0];
        int loss = draft.Apply(Operations.Sum, draft.Apply(Operations.Square, draft.Apply(Operations.Tanh, product)));
        return draft[loss].Length == 1 && draft.Next(2) == 0 ? draft.Take(Operations.Differentiate, new Step(loss, weight, x)) : -1;

        bool IsMatrix(int weight) => draft[weight].Columns > 1 && draft[weight].Columns == draft[x].Rows;
    }

    private static int Pick(Draft caller, Random structure)
    {
        int[] candidates = [.. Enumerable.Range(0, caller.Count)];
        return structure.Next(2) == 0 ? candidates[structure.Next(candidates.Length)] : candidates[^(1 + structure.Next(Math.Min(4, candidates.Length)))];
    }

    // Anything may be returned: an argument, a parameter, a constant, one value twice; a number among them makes a loss.
    private static int[] Results(Draft draft, Random structure, int gradient)
    {
        List<int> results = gradient >= 0 ? [gradient] : [];
        for (int count = 1 + Math.Max(0, structure.Next(6) - 2); results.Count < count;)
            results.Add(structure.Next(5) == 0 && results.Count > 0 ? results[^1] : draft.Any()!.Operands[0]);

        if (structure.Next(3) == 0)
            results[0] = draft.Apply(Operations.Sum, results[0]);

        return [.. results];
    }
}
