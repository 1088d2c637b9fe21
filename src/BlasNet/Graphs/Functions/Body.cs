using System.Runtime.InteropServices;

namespace BlasNet.Graphs.Functions;

/// <summary>What a function computes for arguments of certain shapes: a small graph, made once.</summary>
/// <remarks>Besides what its caller passes, a body may need values that the caller's graph has to bring with every call: a random draw, a
/// constant vector. Their arguments follow the given ones.</remarks>
internal sealed class Body
{
    private readonly record struct Brought(Shape Shape, double[]? Constant, bool IsOwn)
    {
        // 0 is not −0.
        public bool Is(ReadOnlySpan<double> values, Shape shape, bool isOwn) => Constant is not null && Shape == shape && IsOwn == isOwn
            && MemoryMarshal.AsBytes<double>(Constant).SequenceEqual(MemoryMarshal.AsBytes(values));
    }

    private readonly List<Brought> _brought = [];
    private readonly List<Expr> _broughtArguments = [];
    private RecurrenceOperator? _recurrence;

    private Body(string name, BodyKey key, Graph caller)
    {
        (Name, Key) = (name, key);
        Graph = new Graph(caller.Precision, caller.Model) { IsTraining = caller.IsTraining };
    }

    /// <summary>A part of another body.</summary>
    /// <param name="whole">That one.</param>
    /// <param name="graph">The nodes of one call; arguments are leaves.</param>
    /// <param name="outputs">The results.</param>
    public Body(Body whole, Graph graph, int[] outputs)
    {
        (Name, Key, Graph, Outputs) = (whole.Name, whole.Key, graph, outputs);
        FindParameters();
        Call = new CallOperator(this);
    }

    public string Name { get; }

    /// <summary>What it was traced for.</summary>
    public BodyKey Key { get; }

    /// <summary>The operator of the recurrences whose start this is, made when first needed; any thread may ask.</summary>
    public RecurrenceOperator RecurrenceOf(Func<RecurrenceOperator> make) => LazyInitializer.EnsureInitialized(ref _recurrence, make);

    /// <summary>When its function's calls asked for it last.</summary>
    public long LastUse { get; set; }

    /// <summary>The nodes of one call; arguments are leaves.</summary>
    public Graph Graph { get; }

    /// <summary>The nodes whose values are the results.</summary>
    public int[] Outputs { get; private set; } = [];

    /// <summary>Indices of the model's parameters that it reads by itself, or by the functions it calls: they are not among its arguments.</summary>
    public HashSet<int> Parameters { get; } = [];

    /// <summary>The operator of the nodes that call this body.</summary>
    public CallOperator Call { get; private set; } = null!;

    /// <summary>The same graph with its cells fused; made by the pass that inlines, when first needed.</summary>
    public FusedBody? Fused { get; set; }

    /// <summary>Arguments that the caller's graph brings.</summary>
    public int BroughtCount => _brought.Count;

    /// <summary>Runs the user's function once, on arguments that stand for any values of these shapes.</summary>
    /// <exception cref="InvalidOperationException">It returns or uses an expression that it was not given, or brings data of its own.</exception>
    public static Body Trace(string name, BodyKey key, Graph caller, TracedFunction function)
    {
        var body = new Body(name, key, caller);
        (body.Graph.Body, body.Graph.IsBody) = (body, true);
        var given = new Expr[key.Shapes.Length];
        for (int i = 0; i < given.Length; i++)
            given[i] = body.Argument(i, key.Shapes[i], shared: false);

        using Graph.Building building = body.Graph.Build();
        Expr[] outputs = function(given);
        body.Outputs = new int[outputs.Length];
        for (int i = 0; i < outputs.Length; i++)
            body.Outputs[i] = outputs[i].IndexIn(body.Graph);

        body.FindParameters();
        body.Graph.ForgetModel();
        body.Call = new CallOperator(body);
        return body;
    }

    private void FindParameters()
    {
        for (int node = 0; node < Graph.Count; node++)
        {
            Operator op = Graph.OperatorOf(node);
            if (op == ParameterOperator.Instance)
                Parameters.Add(ParameterOperator.IndexOf(Graph.AttributeOf(node)));
            else if (op is CompositeOperator { Parameters: var called })
                Parameters.UnionWith(called);
        }
    }

    /// <summary>One more argument: a random draw of the caller's.</summary>
    public Expr BringKey(Shape shape) => Bring(new Brought(shape, null, IsOwn: true), shared: false);

    /// <summary>An argument for a constant, which the caller's graph holds; one for equal ones.</summary>
    /// <param name="values">Column by column.</param>
    /// <param name="shape">Of the constant.</param>
    /// <param name="isOwn">Whether an operator or a derivative brings it, see <see cref="Graph.OwnConstant(double)"/>.</param>
    public Expr BringConstant(ReadOnlySpan<double> values, Shape shape, bool isOwn)
    {
        for (int i = 0; i < _brought.Count; i++)
        {
            if (_brought[i].Is(values, shape, isOwn))
                return _broughtArguments[i];
        }

        return Bring(new Brought(shape, values.ToArray(), isOwn), shared: true);
    }

    /// <summary>Adds to the caller's graph what this body needs besides its arguments.</summary>
    /// <param name="caller">The graph.</param>
    /// <param name="inputs">Receives the nodes.</param>
    /// <param name="calls">How often the body is called by one node; random draws have so many times their columns.</param>
    public void Supply(Graph caller, Span<int> inputs, int calls = 1)
    {
        ReadOnlySpan<int> constants = caller.ConstantsOf(this);
        for (int i = 0; i < inputs.Length; i++)
            inputs[i] = constants[i] >= 0 ? constants[i] : caller.RandomKeys(calls * _brought[i].Shape.Columns).Index;
    }

    /// <summary>The columns that one call takes of what is brought; 0 of a constant, which all calls share.</summary>
    public int ColumnsBrought(int index) => _brought[index].Constant is null ? _brought[index].Shape.Columns : 0;

    /// <summary>Adds the constants among what it needs to a caller's graph.</summary>
    /// <returns>Their nodes; −1 for a random draw.</returns>
    public int[] AddConstants(Graph caller) =>
        [.. _brought.Select(brought => brought.Constant is { } values ? caller.OwnConstant(values, brought.Shape).Index : -1)];

    private Expr Bring(Brought value, bool shared)
    {
        Expr argument = Argument(Key.Shapes.Length + _brought.Count, value.Shape, shared);
        _brought.Add(value);
        _broughtArguments.Add(argument);
        return argument;
    }

    private Expr Argument(int index, Shape shape, bool shared) =>
        Graph.At(Graph.AppendStack(ArgumentOperator.Instance, index, [], shape, 1, shared));
}

/// <summary>A body rewritten for speed.</summary>
/// <param name="Graph">Its nodes.</param>
/// <param name="Outputs">The results.</param>
internal sealed record FusedBody(Graph Graph, int[] Outputs);

/// <summary>The user's function, on as many expressions as it takes and gives.</summary>
internal delegate Expr[] TracedFunction(Expr[] arguments);
