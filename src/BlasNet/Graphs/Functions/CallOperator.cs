namespace BlasNet.Graphs.Functions;

/// <summary>One use of a function: a single node, whatever the body does. Calls of one body have one signature.</summary>
/// <remarks>Batching merges calls into stacks; <c>Inline</c> then puts the body, on whole stacks, in the place of the call.</remarks>
internal sealed class CallOperator(Body body) : CompositeOperator(new())
{
    public Body Body { get; } = body;

    public override string Name { get; } = body.Name;

    /// <summary>The shapes of all results.</summary>
    public Shape[] ResultShapes { get; } = [.. body.Outputs.Select(body.Graph.ShapeOf)];

    public override int ResultCount => Body.Outputs.Length;

    public override Shape ResultShape(int result, Shape shape) => ResultShapes[result];

    public override IReadOnlySet<int> Parameters => Body.Parameters;

    public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute) => ResultShape(0, default);

    public override void Forward<T>(in Operands<T> stack) => throw NotInlined();

    public override void Gradient(in GradientContext g) => throw NotInlined();

    private static InvalidOperationException NotInlined() => new("Error in BlasNet: a call was not replaced by its body.");
}
