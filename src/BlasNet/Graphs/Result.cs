namespace BlasNet.Graphs;

/// <summary>One of several results of a node: the nodes right after it stand for its results, in order. Attribute: which.</summary>
/// <remarks>The owner's kernel writes it, and the owner's gradient rule reads its gradient.</remarks>
internal sealed class ResultOperator() : Operator(new() { Merging = Merging.Result, Storage = Storage.Result })
{
    public static readonly ResultOperator Instance = new();

    public override string Name => "result";

    public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute) =>
        throw new InvalidOperationException($"{Name} has its shape from its owner.");

    public override void Forward<T>(in Operands<T> stack) { }

    public override void Gradient(in GradientContext g) { }

    public override string Describe(long attribute) => $"{attribute}";
}
