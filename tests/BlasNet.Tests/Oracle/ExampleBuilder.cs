using BlasNet.Graphs;

namespace BlasNet.Tests.Oracle;

/// <summary>Writes steps with BlasNet's public functions.</summary>
/// <param name="parameters">Numbers 0 … of every example and body.</param>
/// <param name="functions">What is called.</param>
/// <param name="joins">Whether parameters are always joined to the graph before they are combined.</param>
internal sealed class ExampleBuilder(Parameter[] parameters, FunctionCalls functions, bool joins)
{
    public ExampleValues Build(Graph graph, RandomExample example)
    {
        using Graph.Building building = graph.Build();   // as a trainer does
        var values = new ExampleValues(graph, parameters);
        foreach (Step step in example.Steps)
            Run(step, values);

        return values;
    }

    /// <summary>Computes a step's values and appends them.</summary>
    public void Run(Step step, ExampleValues values)
    {
        Expr[] operands = [.. step.Operands.Select(operand => !joins && values.IsParameter(operand) ? parameters[operand] : values[operand])];
        values.Add(step.Id, step.Function is { } function ? functions.Call(function, operands) : step.Operation.Build(values.Graph, operands, step));
    }
}

/// <summary>The expressions of an example or a body, by number; parameters join the graph when they are asked for.</summary>
internal sealed class ExampleValues(Graph graph, Parameter[] parameters)
{
    private readonly List<Expr> _values = [];

    public Graph Graph => graph;

    public Expr this[int value] => IsParameter(value) ? graph.Use(parameters[value]) : _values[value - parameters.Length];

    public bool IsParameter(int value) => value < parameters.Length;

    public void Add(int first, params ReadOnlySpan<Expr> values)
    {
        while (_values.Count < first - parameters.Length)
            _values.Add(default);

        _values.AddRange(values);
    }
}
