using BlasNet.Graphs.Functions;

namespace BlasNet.Graphs;

/// <summary>A part of a model that is traced once and called often: a cell, an attention head, any lambda over expressions.</summary>
/// <remarks>
/// Every use is one node of the caller's graph, so building and batching cost per call, not per operation; the body is put in the call's place
/// when calls have become stacks. A function computes from its arguments and the model's parameters alone, and its control flow may depend on
/// the arguments' shapes only: it runs once for each combination of shapes, model, and training or evaluation. Of these combinations the last 512 are kept;
/// one that comes back after that runs again. Calling with expressions of any graph of the model is fine.
/// <para>Threads: a function is shared by any number of threads. Two that meet a combination at the same time may both run the user's code, so that must not
/// change anything; one of the two results is kept. A function may call others, and itself for other shapes.</para>
/// </remarks>
public abstract class Function
{
    private readonly BodyCache _bodies = new();

    private protected Function(string name, Delegate body)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(body);
        Name = name;
    }

    /// <summary>As printed in graphs and errors.</summary>
    public string Name { get; }

    /// <summary>A function of one argument. Arguments and results are <see cref="Expr"/> or tuples of up to four of them.</summary>
    /// <param name="name">For graphs and errors.</param>
    /// <param name="body">Runs once for each combination of argument shapes.</param>
    /// <exception cref="NotSupportedException">An argument or the result has another type.</exception>
    public static Function<T, TResult> Of<T, TResult>(string name, Func<T, TResult> body) => new(name, body);

    /// <inheritdoc cref="Of{T, TResult}(string, Func{T, TResult})"/>
    public static Function<T1, T2, TResult> Of<T1, T2, TResult>(string name, Func<T1, T2, TResult> body) => new(name, body);

    /// <inheritdoc cref="Of{T, TResult}(string, Func{T, TResult})"/>
    public static Function<T1, T2, T3, TResult> Of<T1, T2, T3, TResult>(string name, Func<T1, T2, T3, TResult> body) => new(name, body);

    private protected abstract Expr[] Trace(Expr[] arguments);

    /// <summary>Adds a call to the arguments' graph.</summary>
    /// <returns>Its node; of several results, the nodes after it.</returns>
    private protected int Invoke(Graph graph, Span<int> inputs)
    {
        Body? latest = _bodies.Latest;
        if (latest is { BroughtCount: 0 } && graph.TryAppendCall(latest.Call, inputs, out int call))
            return call;

        var site = new CallSite(graph, inputs);
        Body body = latest is not null && latest.Key.Fits(site) ? latest : _bodies.Find(site) ?? TraceBody(graph, inputs);
        int brought = body.BroughtCount;
        if (brought == 0)
            return graph.AppendCall(body.Call, inputs);

        // Supplying adds nodes to the graph, whose room for inputs is then overwritten.
        var all = new int[inputs.Length + brought].AsSpan();
        inputs.CopyTo(all);
        body.Supply(graph, all[inputs.Length..]);
        return graph.AppendCall(body.Call, all);
    }

    /// <summary>The body for arguments of certain shapes.</summary>
    internal Body BodyFor(Graph graph, ReadOnlySpan<Shape> shapes)
    {
        var site = new CallSite(graph, shapes);
        return _bodies.Latest is { } latest && latest.Key.Fits(site) ? latest : _bodies.Find(site) ?? TraceBody(graph, new BodyKey(site));
    }

    // Without a lock: two functions that call each other's may be traced by two threads.
    private Body TraceBody(Graph graph, Span<int> inputs)
    {
        int[] arguments = inputs.ToArray();
        try
        {
            return TraceBody(graph, new BodyKey(new CallSite(graph, arguments)));
        }
        finally
        {
            arguments.CopyTo(inputs);   // the function may have used the graph's room for them
        }
    }

    private Body TraceBody(Graph graph, BodyKey key)
    {
        Tracing.Begin(this, key);
        try
        {
            return _bodies.Add(Body.Trace(Name, key, graph, Trace));
        }
        finally
        {
            Tracing.End();
        }
    }

    /// <summary>Bodies kept.</summary>
    internal int BodyCount => _bodies.Count;

    /// <summary>The graph that a call whose arguments are all parameters is added to.</summary>
    private protected Graph GraphAtHand() => Graph.Built ?? throw new InvalidOperationException(
        $"{Name}: outside of a loss, a function or a regulariser at least one argument must be an expression of a graph; "
        + "pass a parameter as graph.Use(…).");
}
