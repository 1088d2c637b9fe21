namespace BlasNet.Graphs.Functions;

/// <summary>What a recurrence computes at the vertices of an example's graph: the bodies of its functions, for vectors of certain lengths.</summary>
/// <param name="Start">The state of a vertex without predecessors, from its input.</param>
/// <param name="Step">The state of any other vertex, from its input, if <paramref name="ReadsInput"/>, and its predecessors' states or the sum of
/// messages.</param>
/// <param name="Message">What a predecessor's state, and the vertex's input, contribute to that sum; null where each predecessor has a place of its
/// own.</param>
/// <param name="Slots">Places for predecessors; 0 where they are any number, and what they send is added up.</param>
/// <param name="ReadsInput">Whether every vertex has an input; else only those without predecessors.</param>
internal sealed record RecurrenceBody(Body Start, Body Step, Body? Message, int Slots, bool ReadsInput)
{
    /// <summary>Lengths of the vectors that make up a state.</summary>
    public int[] StateRows { get; } = [.. Start.Outputs.Select(output => Start.Graph.ShapeOf(output).Rows)];

    /// <summary>Indices of the model's parameters that its bodies read.</summary>
    public IReadOnlySet<int> Parameters { get; } = new HashSet<int>([.. Start.Parameters, .. Step.Parameters, .. Message?.Parameters ?? []]);

    /// <summary>The input of the node where the values that a body brings begin.</summary>
    public int FirstBroughtBy(Body body) =>
        body == Start ? 1 : body == Step ? 1 + Start.BroughtCount : 1 + Start.BroughtCount + Step.BroughtCount;

    /// <summary>The bodies, in the order in which the values that they bring are inputs of the node.</summary>
    public Body[] Bodies { get; } = Message is null ? [Start, Step] : [Start, Step, Message];
}

/// <summary>A function at every vertex of an example's own graph: a single node, whatever the graph.</summary>
/// <remarks>Inputs: a matrix with one column for each vertex, then what the bodies bring; a random draw has one column for each vertex, or, in a message, for
/// each edge. Attribute: the list of the vertices' predecessors (<see cref="Dag"/>). Results: for each part of a state a matrix with one column for each
/// vertex. <c>Unroll</c> puts calls of the bodies in its place, level by level.</remarks>
internal sealed class RecurrenceOperator(string name, RecurrenceBody body) : CompositeOperator(new() { HasList = true })
{
    public override string Name { get; } = name;

    public RecurrenceBody Body => body;

    public override IReadOnlySet<int> Parameters => body.Parameters;

    public override int ResultCount => body.StateRows.Length;

    public override Shape ResultShape(int result, Shape shape) => new(body.StateRows[result], shape.Columns);

    public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute) => throw NotUnrolled();

    public override void Forward<T>(in Operands<T> stack) => throw NotUnrolled();

    public override void Gradient(in GradientContext g) => throw NotUnrolled();

    private static InvalidOperationException NotUnrolled() => new("Error in BlasNet: a recurrence was not replaced by the calls that it stands for.");
}
