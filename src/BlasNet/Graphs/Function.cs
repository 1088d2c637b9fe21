using BlasNet.Graphs.Functions;

namespace BlasNet.Graphs;

/// <summary>A part of a model that is traced once and called often: a cell, an attention head, any lambda over expressions.</summary>
/// <remarks>
/// Every use is one node of the caller's graph, so building and batching cost per call, not per operation; the body is put in the call's place
/// when calls have become stacks. A function computes from its arguments and the model's parameters alone, and its control flow may depend on
/// the arguments' shapes only: it runs once for each combination of shapes. Calling with expressions of any graph of the model is fine.
/// </remarks>
public abstract class Function
{
    // The one used last comes first. Replaced as a whole, so that several threads may call.
    private Body[] _bodies = [];
    private readonly Lock _tracing = new();

    private protected Function(string name)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        Name = name;
    }

    /// <summary>As printed in graphs and errors.</summary>
    public string Name { get; }

    /// <summary>A function of one argument. Arguments and results are <see cref="Expr"/> or tuples of up to four of them.</summary>
    /// <param name="name">For graphs and errors.</param>
    /// <param name="body">Runs once for each combination of argument shapes.</param>
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
        Body[] bodies = _bodies;
        if (bodies.Length > 0 && bodies[0].BroughtCount == 0 && graph.TryAppendCall(bodies[0].Call, inputs, out int call))
            return call;

        Body body = bodies.Length > 0 && bodies[0].Fits(graph, inputs) ? bodies[0] : Find(graph, inputs.ToArray());
        int brought = body.BroughtCount;
        if (brought == 0)
            return graph.AppendCall(body.Call, inputs);

        // Supplying adds nodes to the graph, whose room for inputs is then overwritten.
        var all = new int[inputs.Length + brought].AsSpan();
        inputs.CopyTo(all);
        body.Supply(graph, all[inputs.Length..]);
        return graph.AppendCall(body.Call, all);
    }

    // Two bodies for the same shapes would be two operators, whose calls do not batch.
    private Body Find(Graph graph, int[] arguments)
    {
        lock (_tracing)
        {
            Body found = Array.Find(_bodies, body => body.Fits(graph, arguments)) ?? Body.Trace(Name, graph, arguments, Trace);
            _bodies = [found, .. _bodies.Where(body => body != found)];
            return found;
        }
    }

    private protected InvalidOperationException NoGraph() =>
        new($"{Name}: at least one argument must be an expression of a graph; a parameter alone is in none.");
}
