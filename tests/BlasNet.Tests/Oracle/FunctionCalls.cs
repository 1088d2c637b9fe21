using BlasNet.Graphs;
using BlasNet.Operators;

namespace BlasNet.Tests.Oracle;

/// <summary>Writes the steps of random programs in one of four ways: as they are, as a function, as a function within a function, and as the
/// second of a function's two results. Steps that mean the same share their function.</summary>
internal sealed class FunctionCalls(int seed)
{
    private static readonly string[] WithData = ["input", "index", "constant", "lookup", "cross-entropy"];

    private readonly Dictionary<string, Function> _functions = [];

    public Expr Build(Graph graph, Expr[] operands, Step step)
    {
        string meaning = $"{(step with { Operands = [] })} of {operands.Length}";
        uint choice = (uint)(StableHash(meaning) ^ (seed * 2654435761)) % 5;
        bool isFunction = choice >= 2 && operands.Length is >= 1 and <= 3 && operands.Any(operand => operand.GraphIfAny is not null)
            && !WithData.Contains(step.Operation.Name.ToLowerInvariant());
        return isFunction ? Call(meaning, (int)choice, operands, step) : step.Operation.Build(graph, operands, step);
    }

    private Expr Call(string meaning, int choice, Expr[] x, Step step)
    {
        if (x.Length == 1)
        {
            var f = Get(meaning, choice, () => Function.Of(meaning, (Expr a) => Of(step, a)));
            return choice switch
            {
                2 => f.Call(x[0]),
                3 => Get(meaning, 9, () => Function.Of("outer " + meaning, (Expr a) => f.Call(a))).Call(x[0]),
                _ => Get(meaning, 10, () => Function.Of("second " + meaning, (Expr a) => (Op.Tanh(a), Of(step, a)))).Call(x[0]).Item2,
            };
        }

        if (x.Length == 2)
        {
            var f = Get(meaning, choice, () => Function.Of(meaning, (Expr a, Expr b) => Of(step, a, b)));
            return choice switch
            {
                2 => f.Call(x[0], x[1]),
                3 => Get(meaning, 9, () => Function.Of("outer " + meaning, (Expr a, Expr b) => f.Call(a, b))).Call(x[0], x[1]),
                _ => Get(meaning, 10, () => Function.Of("second " + meaning, (Expr a, Expr b) => (Op.Tanh(b), Of(step, a, b)))).Call(x[0], x[1]).Item2,
            };
        }

        return Get(meaning, 3, () => Function.Of(meaning, (Expr a, Expr b, Expr c) => Of(step, a, b, c))).Call(x[0], x[1], x[2]);
    }

    private static Expr Of(Step step, params Expr[] operands) => step.Operation.Build(operands[0].Graph, operands, step);

    private T Get<T>(string meaning, int variant, Func<T> make) where T : Function
    {
        if (!_functions.TryGetValue($"{variant} {meaning}", out Function? known))
            _functions.Add($"{variant} {meaning}", known = make());

        return (T)known;
    }

    private static int StableHash(string text) => text.Aggregate(17, (hash, c) => unchecked(hash * 31 + c));
}
