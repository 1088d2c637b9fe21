using BlasNet.Graphs.Functions;

namespace BlasNet.Graphs;

/// <summary>A function at every vertex of an example's own graph, given as data: a recurrent network over a sequence, a tree, a lattice.</summary>
/// <remarks>
/// A vertex without predecessors has the state that <c>start</c> makes of its input; any other vertex has what <c>step</c> makes of its input and its
/// predecessors' states. The functions are traced once, as those of <see cref="Function"/>. A use is one node of the example's graph, however many vertices
/// it has. Over a minibatch it becomes one group of launches for each level of all examples together; products with the inputs alone become one product
/// before them, and the gradient of each weight one product after them.
/// <para>A state is a vector or a tuple of two to four vectors; its shape may not change from vertex to vertex.</para>
/// Sources: Xu et al., "Cavs: An Efficient Runtime System for Dynamic Neural Networks", USENIX ATC 2018 (vertex functions); Looks et al., "Deep Learning with
/// Dynamic Computation Graphs", ICLR 2017, arXiv:1702.02181.
/// <para>Threads: as a function, a recurrence is shared by any number of threads.</para>
/// </remarks>
public static class Recurrence
{
    /// <summary>Each vertex has one place for a predecessor: a chain, or a tree from its root down.</summary>
    /// <param name="name">For graphs and errors.</param>
    /// <param name="start">The state of a vertex without a predecessor.</param>
    /// <param name="step">The state of any other one, from its input and its predecessor's state.</param>
    public static Recurrence<TState> Of<TState>(string name, Func<Expr, TState> start, Func<Expr, TState, TState> step)
    {
        ArgumentNullException.ThrowIfNull(step);
        return Make(name, start, 1, readsInput: true, arguments => step(arguments[0], State<TState>(arguments, 1, 0)));
    }

    /// <summary>Each vertex has two places for predecessors: a binary tree whose inner nodes have inputs, a grid.</summary>
    /// <param name="name">For graphs and errors.</param>
    /// <param name="start">The state of a vertex without predecessors.</param>
    /// <param name="step">The state of any other one, from its input and its predecessors' states; zeros for an empty place.</param>
    public static Recurrence<TState> Of<TState>(string name, Func<Expr, TState> start, Func<Expr, TState, TState, TState> step)
    {
        ArgumentNullException.ThrowIfNull(step);
        return Make(name, start, 2, readsInput: true, arguments => step(arguments[0], State<TState>(arguments, 1, 0), State<TState>(arguments, 1, 1)));
    }

    /// <summary>Each vertex has the same number of places for predecessors.</summary>
    /// <param name="name">For graphs and errors.</param>
    /// <param name="slots">Places, at least 1.</param>
    /// <param name="start">The state of a vertex without predecessors.</param>
    /// <param name="step">The state of any other one, from its input and its predecessors' states; zeros for an empty place.</param>
    public static Recurrence<TState> Of<TState>(string name, int slots, Func<Expr, TState> start, Func<Expr, TState[], TState> step)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(slots, 1);
        ArgumentNullException.ThrowIfNull(step);
        return Make(name, start, slots, readsInput: true,
            arguments => step(arguments[0], [.. Enumerable.Range(0, slots).Select(slot => State<TState>(arguments, 1, slot))]));
    }

    /// <summary>A binary tree whose leaves alone have inputs: the words of a constituency tree.</summary>
    /// <param name="name">For graphs and errors.</param>
    /// <param name="leaf">The state of a leaf.</param>
    /// <param name="combine">The state of any other vertex, from its children's states; zeros for a missing child.</param>
    public static Recurrence<TState> OfLeaves<TState>(string name, Func<Expr, TState> leaf, Func<TState, TState, TState> combine)
    {
        ArgumentNullException.ThrowIfNull(combine);
        return Make(name, leaf, 2, readsInput: false, arguments => combine(State<TState>(arguments, 0, 0), State<TState>(arguments, 0, 1)));
    }

    /// <summary>Each vertex has any number of predecessors, in no order: what they send is added up.</summary>
    /// <param name="name">For graphs and errors.</param>
    /// <param name="start">The state of a vertex without predecessors.</param>
    /// <param name="message">What a predecessor sends, from the input of the vertex and the predecessor's state.</param>
    /// <param name="step">The state of any other vertex, from its input and the sum of the messages.</param>
    public static Recurrence<TState> OfSums<TState, TMessage>(
        string name, Func<Expr, TState> start, Func<Expr, TState, TMessage> message, Func<Expr, TMessage, TState> step)
    {
        ArgumentNullException.ThrowIfNull(message);
        ArgumentNullException.ThrowIfNull(step);
        Exprs<TMessage>.Require(name);
        var send = new ArrayFunction($"{name}.message", arguments => Exprs<TMessage>.ToArray(message(arguments[0], State<TState>(arguments, 1, 0))));
        ArrayFunction next = StepOf(name, arguments => step(arguments[0], State<TMessage>(arguments, 1, 0)));
        return new Recurrence<TState>(name, StartOf(name, start), next, send, slots: 0, readsInput: true);
    }

    private static Recurrence<TState> Make<TState>(string name, Func<Expr, TState> start, int slots, bool readsInput, Func<Expr[], TState> step) =>
        new(name, StartOf(name, start), StepOf(name, step), message: null, slots, readsInput);

    private static ArrayFunction StartOf<TState>(string name, Func<Expr, TState> start)
    {
        ArgumentNullException.ThrowIfNull(start);
        return new ArrayFunction($"{name}.start", arguments => Exprs<TState>.ToArray(start(arguments[0])));
    }

    private static ArrayFunction StepOf<TState>(string name, Func<Expr[], TState> step) =>
        new($"{name}.step", arguments => Exprs<TState>.ToArray(step(arguments)));

    // The state in one place, of several that follow some arguments.
    private static TState State<TState>(Expr[] arguments, int start, int slot)
    {
        Expr[] state = arguments[(start + (slot * Exprs<TState>.Count))..];
        return Exprs<TState>.Take(ref state);
    }
}

/// <summary>A recurrence with states of a certain kind; made by <see cref="Recurrence"/>.</summary>
/// <typeparam name="TState"><see cref="Expr"/>, or a tuple of two to four of them.</typeparam>
public sealed class Recurrence<TState>
{
    private readonly ArrayFunction _start, _step;
    private readonly ArrayFunction? _message;
    private readonly bool _readsInput;
    private RecurrenceOperator? _latest;

    internal Recurrence(string name, ArrayFunction start, ArrayFunction step, ArrayFunction? message, int slots, bool readsInput)
    {
        Exprs<TState>.Require(name);
        (Name, Slots) = (name, slots);
        (_start, _step, _message, _readsInput) = (start, step, message, readsInput);
    }

    /// <summary>As printed in graphs and errors.</summary>
    public string Name { get; }

    /// <summary>Places for predecessors that a vertex has; 0 for any number.</summary>
    public int Slots { get; }

    /// <summary>Runs along a sequence, from its first vector to its last.</summary>
    /// <inheritdoc cref="Run(Expr, bool)"/>
    public TState Run(Expr x) => Run(x, reverse: false);

    /// <summary>Runs along a sequence.</summary>
    /// <param name="x">[d × n], a column for each vector of the sequence.</param>
    /// <param name="reverse">From the last vector to the first.</param>
    /// <returns>For each part of a state [h × n]: column t is the state at vector t.</returns>
    /// <exception cref="ShapeException">The functions cannot take vectors of these lengths.</exception>
    /// <exception cref="InvalidOperationException">A vertex of this recurrence has not one place for a predecessor.</exception>
    public TState Run(Expr x, bool reverse)
    {
        if (Slots != 1)
            throw new InvalidOperationException($"{Name}: only a recurrence of one predecessor runs along a sequence; pass the predecessors as a Dag.");

        Graph graph = x.Graph;
        DagList.WriteChain(graph.ReserveList(DagList.LengthOfChain(x.Shape.Columns), out long list), reverse);
        return Append(graph, x, list);
    }

    /// <summary>Runs over a graph.</summary>
    /// <param name="x">[d × n], a column for each vertex; if only leaves have inputs, for each leaf, in the order of the vertices.</param>
    /// <param name="dag">Each vertex's predecessors.</param>
    /// <returns>For each part of a state [h × n]: column v is the state of vertex v.</returns>
    /// <exception cref="ShapeException">The functions cannot take vectors of these lengths, or <paramref name="x"/> has another number of columns.</exception>
    /// <exception cref="ArgumentException">The graph has another number of places for predecessors.</exception>
    public TState Run(Expr x, Dag dag)
    {
        ArgumentNullException.ThrowIfNull(dag);
        if (dag.Slots != Slots)
            throw new ArgumentException($"{Name}: its vertices have {Places(Slots)}, but those of the graph have {Places(dag.Slots)}.", nameof(dag));

        int inputs = _readsInput ? dag.Count : dag.List.Slice(DagList.Header, dag.Count).Count(0);
        if (x.Shape.Columns != inputs)
        {
            throw new ShapeException(
                $"{Name}: x must have a column for each of the {inputs} {(_readsInput ? "vertices" : "leaves")}{x.Graph.ExampleText}, but it is {x.Shape}.");
        }

        return Append(x.Graph, x, x.Graph.AddList(dag.List));
    }

    private static string Places(int slots) => slots switch
    {
        0 => "any number of predecessors",
        1 => "1 place for a predecessor",
        _ => $"{slots} places for predecessors",
    };

    private TState Append(Graph graph, Expr x, long list)
    {
        RecurrenceOperator op = OperatorFor(graph, new Shape(x.Shape.Rows));
        var dag = new DagList(graph.List(list));
        (int vertices, int edges) = (dag.Count, dag.Edges);
        int brought = 0;
        foreach (Body body in op.Body.Bodies)
            brought += body.BroughtCount;

        if (brought == 0)
            return Exprs<TState>.Read(graph, graph.AppendRecurrence(op, list, [x.IndexIn(graph)]));

        var inputs = new int[1 + brought];
        inputs[0] = x.IndexIn(graph);
        int next = 1;
        foreach (Body body in op.Body.Bodies)
        {
            body.Supply(graph, inputs.AsSpan(next, body.BroughtCount), body == op.Body.Message ? Math.Max(1, edges) : vertices);
            next += body.BroughtCount;
        }

        return Exprs<TState>.Read(graph, graph.AppendRecurrence(op, list, inputs));
    }

    // Most calls are like the one before.
    private RecurrenceOperator OperatorFor(Graph graph, Shape x)
    {
        RecurrenceOperator? latest = Volatile.Read(ref _latest);
        if (latest is null || !latest.Body.Start.Key.Fits(new CallSite(graph, [x])))
            Volatile.Write(ref _latest, latest = Trace(graph, x));

        return latest;
    }

    private RecurrenceOperator Trace(Graph graph, Shape x)
    {
        Body start = _start.BodyFor(graph, [x]);
        Shape[] state = start.Call.ResultShapes;
        if (!Array.TrueForAll(state, part => part.IsVector))
            throw new ShapeException($"{Name}: a state must be a vector, or several; start gives {string.Join(", ", state)}.");

        Shape[] input = _readsInput ? [x] : [];
        Body? message = _message?.BodyFor(graph, [x, .. state]);
        Shape[] read = message?.Call.ResultShapes ?? [.. Enumerable.Repeat(state, Slots).SelectMany(shapes => shapes)];
        Body step = _step.BodyFor(graph, [.. input, .. read]);
        if (!step.Call.ResultShapes.SequenceEqual(state))
        {
            throw new ShapeException(
                $"{Name}: step gives {string.Join(", ", step.Call.ResultShapes)}, but start {string.Join(", ", state)}: a state keeps its shape.");
        }

        // By its start: what is traced for an input has states, messages and steps that follow from it. Steps of leaves do not know the input.
        return start.RecurrenceOf(() => new RecurrenceOperator(Name, new RecurrenceBody(start, step, message, Slots, _readsInput)));
    }
}

/// <summary>A function of any number of arguments and results.</summary>
internal sealed class ArrayFunction(string name, TracedFunction body) : Function(name, body)
{
    private protected override Expr[] Trace(Expr[] arguments) => body(arguments);
}
