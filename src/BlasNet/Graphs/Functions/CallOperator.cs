namespace BlasNet.Graphs.Functions;

/// <summary>One use of a function: a single node, whatever the body does. Calls of one body have one signature.</summary>
/// <remarks>Batching merges calls into stacks; <c>Inline</c> then puts the body, on whole stacks, in the place of the call.</remarks>
internal sealed class CallOperator(Body body) : Operator(new())
{
    public Body Body { get; } = body;

    public override string Name { get; } = body.Name;

    public override int ResultCount => Body.Outputs.Length;

    public override Shape ResultShape(int result) => Body.Graph.ShapeOf(Body.Outputs[result]);

    public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute) => ResultShape(0);

    public override void Forward<T>(in Operands<T> stack) => throw NotInlined();

    public override void Gradient(in GradientContext g) => throw NotInlined();

    private static InvalidOperationException NotInlined() => new("Error in BlasNet: a call was not replaced by its body.");
}
