using System.Numerics;
using BlasNet.Graphs;
using BlasNet.Training;

namespace BlasNet.Tests.Oracle;

/// <summary>A program's model, and what has been made for it: each trainer, evaluator or engine once, since being used again is part of the test.</summary>
internal sealed class ProgramRun : IDisposable
{
    private readonly ExampleBuilder _builder;
    private readonly Dictionary<Type, object> _tools = [];
    private readonly List<IDisposable> _owned = [];
    private readonly List<(IReadOnlyList<Step> Example, int Id, double[] Value)> _seen = [];

    public ProgramRun(RandomProgram program, Tally tally)
    {
        (Program, Tally) = (program, tally);
        Model = new Model(program.Seed, program.Precision);
        Parameters = [.. program.Parameters.Select(parameter => parameter.Shape.IsVector
            ? Model.Bias(parameter.Name, parameter.Shape.Rows)
            : Model.Weight(parameter.Name, parameter.Shape.Rows, parameter.Shape.Columns))];
        _builder = new ExampleBuilder(Parameters, new FunctionCalls(Parameters, program), program.JoinsParameters);
        Reset();
    }

    public RandomProgram Program { get; }

    public Model Model { get; }

    public Parameter[] Parameters { get; }

    public Tally Tally { get; }

    /// <summary>Whether a step was not followed, since an example was not tame: what the optimizer remembers is not known any more.</summary>
    public bool IsLost { get; set; }

    /// <summary>What numbers may differ by, for values of magnitude 1.</summary>
    public double Tolerance => Program.Precision == Precision.Single ? 2e-3 : 1e-10;

    public void Reset()
    {
        for (int i = 0; i < Parameters.Length; i++)
            Model.SetValues(Parameters[i], Program.Parameters[i].Values);

        if (_tools.TryGetValue(typeof(TrainingOracle), out object? training))
            ((TrainingOracle)training).Reset();
    }

    /// <summary>The one object of a type that this program uses.</summary>
    public TTool Get<TTool>(Func<TTool> make) where TTool : class
    {
        if (!_tools.TryGetValue(typeof(TTool), out object? tool))
            _tools.Add(typeof(TTool), tool = make());

        return (TTool)tool;
    }

    /// <summary>The one engine with these options.</summary>
    public EngineTool<T> GetEngine<T>(ComputeOptions options) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Dictionary<ComputeOptions, EngineTool<T>> engines = Get(() => new Dictionary<ComputeOptions, EngineTool<T>>());
        if (!engines.TryGetValue(options, out EngineTool<T>? tool))
        {
            engines.Add(options, tool = new EngineTool<T>(this, options));
            _owned.Add(tool);
        }

        return tool;
    }

    /// <summary>The parameters as they are, column by column.</summary>
    public double[][] Values() => [.. Parameters.Select(Model.ValuesOf)];

    /// <summary>Adds an example to a graph.</summary>
    /// <returns>Its values, by number.</returns>
    public ExampleValues Build(Graph graph, RandomExample example) => _builder.Build(graph, example);

    /// <summary>Adds an example to a graph and looks at some of its values on the way: at what several steps give, one after another or at once.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="example">The example.</param>
    /// <param name="result">Which of the values is returned.</param>
    public async ExprTask<Expr> BuildAwaiting(Graph graph, RandomExample example, Func<ExampleValues, Expr> result)
    {
        var values = new ExampleValues(graph, Parameters);
        ExprTask<int>? pending = null;
        foreach (Step step in example.Steps)
        {
            _builder.Run(step, values);
            if (!Program.LooksAt(step))
                continue;

            ExprTask<int> look = Look(example, values, step);
            if (pending is { } before)
                await before;

            pending = look;
        }

        if (pending is { } last)
            await last;

        return result(values);
    }

    private async ExprTask<int> Look(RandomExample example, ExampleValues values, Step step)
    {
        foreach (int id in step.Results)
        {
            double[] seen = await values[id];
            lock (_seen)
                _seen.Add((example.Steps, id, seen));
        }

        return step.Id;
    }

    /// <summary>Forgets what has been looked at.</summary>
    public void ForgetSeen() => _seen.Clear();

    /// <summary>Compares what has been looked at.</summary>
    /// <param name="examples">The examples, some of which may be the same one with other random draws.</param>
    /// <param name="expected">What the definitions give for each.</param>
    public void CompareSeen(IReadOnlyList<RandomExample> examples, ExampleResult[] expected)
    {
        foreach (var (steps, id, value) in _seen)
        {
            Tally.Comparisons++;
            var same = expected.Where((_, i) => ReferenceEquals(examples[i].Steps, steps));
            if (!same.Any(result => IsClose(result.ValueOf(id), result.Loss.Tape.LargestMagnitude)))
            {
                throw new DifferenceException(
                    $"awaited value {id}: expected [{string.Join(", ", same.First().ValueOf(id))}], got [{string.Join(", ", value)}].");
            }

            bool IsClose(double[] right, double scale) =>
                right.Length == value.Length && right.Zip(value).All(pair => AreClose(pair.First, pair.Second, scale));
        }
    }

    /// <summary>Whether two numbers are equal but for rounding, amplified by as much as a scale says.</summary>
    public bool AreClose(double expected, double actual, double scale) =>
        Math.Abs(expected - actual) <= Tolerance * Math.Max(1, scale) * (1 + Math.Abs(expected)) || expected.Equals(actual);

    public void Compare<T>(string what, double[] expected, ReadOnlySpan<T> actual, double scale = 1) where T : unmanaged, INumber<T> =>
        Compare(what, expected, Doubles.Of(actual), scale);

    public void Compare(string what, double[] expected, double[] actual, double scale = 1) => Compare(() => what, expected, actual, scale);

    /// <param name="what">Asked for only where there is a difference.</param>
    /// <param name="expected">By definition.</param>
    /// <param name="actual">What BlasNet gave.</param>
    /// <param name="scale">As for <see cref="AreClose"/>.</param>
    /// <exception cref="DifferenceException">They differ by more than rounding.</exception>
    public void Compare(Func<string> what, double[] expected, double[] actual, double scale = 1)
    {
        Tally.Comparisons++;
        if (expected.Length != actual.Length)
            throw new DifferenceException($"{what()}: {expected.Length} elements expected, {actual.Length} given.");

        for (int i = 0; i < expected.Length; i++)
        {
            if (!AreClose(expected[i], actual[i], scale))
                throw new DifferenceException($"{what()}: expected [{string.Join(", ", expected)}], got [{string.Join(", ", actual)}].");
        }
    }

    public void Compare(string what, double expected, double actual, double scale = 1) => Compare(what, [expected], [actual], scale);

    public void Dispose()
    {
        foreach (IDisposable owned in _owned)
            owned.Dispose();

        Model.Dispose();
    }
}
