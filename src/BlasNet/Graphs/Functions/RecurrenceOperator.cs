namespace BlasNet.Graphs.Functions;

/// <summary>What a recurrence computes at the vertices of an example's graph: the bodies of its functions, for vectors of certain lengths.</summary>
/// <param name="start">Of a vertex without predecessors.</param>
/// <param name="step">Of any other one.</param>
/// <param name="message">Of an edge; null where each predecessor has a place of its own.</param>
/// <param name="slots">Places for predecessors.</param>
/// <param name="readsInput">Whether steps have inputs.</param>
internal sealed class RecurrenceBody(Body start, Body step, Body? message, int slots, bool readsInput)
{
    private readonly Lock _gate = new();
    private Scan? _scan;
    private bool _isCompiled;

    /// <summary>The state of a vertex without predecessors, from its input.</summary>
    public Body Start => start;

    /// <summary>The state of any other vertex, from its input, if <see cref="ReadsInput"/>, and its predecessors' states or the sum of messages.</summary>
    public Body Step => step;

    /// <summary>What a predecessor's state, and the vertex's input, contribute to that sum; null where each predecessor has a place of its own.</summary>
    public Body? Message => message;

    /// <summary>Places for predecessors; 0 where they are any number, and what they send is added up.</summary>
    public int Slots => slots;

    /// <summary>Whether every vertex has an input; else only those without predecessors.</summary>
    public bool ReadsInput => readsInput;

    /// <summary>Lengths of the vectors that make up a state.</summary>
    public int[] StateRows { get; } = [.. start.Outputs.Select(output => start.Graph.ShapeOf(output).Rows)];

    /// <summary>Indices of the model's parameters that its bodies read.</summary>
    public IReadOnlySet<int> Parameters { get; } = new HashSet<int>([.. start.Parameters, .. step.Parameters, .. message?.Parameters ?? []]);

    /// <summary>The input of the node where the values that a body brings begin.</summary>
    public int FirstBroughtBy(Body body) =>
        body == Start ? 1 : body == Step ? 1 + Start.BroughtCount : 1 + Start.BroughtCount + Step.BroughtCount;

    /// <summary>How its steps become one node, found when first needed; null where they cannot. Any thread may ask.</summary>
    public Scan? ScanBy(Func<RecurrenceBody, Scan?> compile)
    {
        lock (_gate)
        {
            if (!_isCompiled)
                (_scan, _isCompiled) = (compile(this), true);

            return _scan;
        }
    }

    /// <summary>The bodies, in the order in which the values that they bring are inputs of the node.</summary>
    public Body[] Bodies { get; } = message is null ? [start, step] : [start, step, message];
}

/// <summary>A function at every vertex of an example's own graph: a single node, whatever the graph.</summary>
/// <remarks>Inputs: a matrix with one column for each vertex, then what the bodies bring; a random draw has one column for each vertex, or, in a message, for
/// each edge. Attribute: the list of the vertices' predecessors (<see cref="Dag"/>). Results: for each part of a state a matrix with one column for each
/// vertex. Batching puts a call of the start and a <see cref="Scan"/> in its place, or calls of the bodies, level by level.</remarks>
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
