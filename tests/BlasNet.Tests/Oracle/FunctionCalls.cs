using BlasNet.Graphs;

namespace BlasNet.Tests.Oracle;

/// <summary>The functions of a program, written with <see cref="Function"/>: one to three arguments, or a tuple among them; one result or a tuple.</summary>
internal sealed class FunctionCalls
{
    private readonly Dictionary<FunctionDefinition, Func<Expr[], Expr[]>> _calls = [];
    private readonly Parameter[] _parameters;
    private readonly ExampleBuilder _builder;

    public FunctionCalls(Parameter[] parameters, RandomProgram program)
    {
        (_parameters, _builder) = (parameters, new ExampleBuilder(parameters, this, program.JoinsParameters));
        foreach (FunctionDefinition function in program.Functions)
            _calls.Add(function, Make(function));
    }

    public Expr[] Call(FunctionDefinition function, Expr[] arguments) => _calls[function](arguments);

    private Expr[] Body(FunctionDefinition function, params Expr[] arguments)
    {
        var values = new ExampleValues(arguments[0].Graph, _parameters);
        values.Add(function.FirstArgument, arguments);
        foreach (Step step in function.Steps)
            _builder.Run(step, values);

        return [.. function.Results.Select(result => values[result])];
    }

    private Func<Expr[], Expr[]> Make(FunctionDefinition function) => function.Results.Length switch
    {
        1 => Make(function, results => results[0], result => [result]),
        2 => Make(function, results => (results[0], results[1]), result => [result.Item1, result.Item2]),
        3 => Make(function, results => (results[0], results[1], results[2]), result => [result.Item1, result.Item2, result.Item3]),
        _ => Make(function, results => (results[0], results[1], results[2], results[3]), result => [result.Item1, result.Item2, result.Item3, result.Item4]),
    };

    private Func<Expr[], Expr[]> Make<TResult>(FunctionDefinition f, Func<Expr[], TResult> give, Func<TResult, Expr[]> take)
    {
        bool isTuple = f.Form == ArgumentForm.Tuple;
        switch (f.Arguments.Length)
        {
            case 1:
                var one = Function.Of(f.Name, (Expr a) => give(Body(f, a)));
                return x => take(one.Call(x[0]));
            case 2 when isTuple:
                var pair = Function.Of(f.Name, ((Expr A, Expr B) x) => give(Body(f, x.A, x.B)));
                return x => take(pair.Call((x[0], x[1])));
            case 2:
                var two = Function.Of(f.Name, (Expr a, Expr b) => give(Body(f, a, b)));
                return x => take(two.Call(x[0], x[1]));
            case 3 when isTuple:
                var mixed = Function.Of(f.Name, ((Expr A, Expr B) x, Expr c) => give(Body(f, x.A, x.B, c)));
                return x => take(mixed.Call((x[0], x[1]), x[2]));
            default:
                var three = Function.Of(f.Name, (Expr a, Expr b, Expr c) => give(Body(f, a, b, c)));
                return x => take(three.Call(x[0], x[1], x[2]));
        }
    }
}
