using System.Runtime.InteropServices;
using BlasNet.Graphs;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Training;

/// <summary>Values that stay in a file until they change.</summary>
public sealed class MapValuesTests : IDisposable
{
    private const int Start = 3;   // bytes before the first values: not a multiple of anything

    private static readonly double[] Numbers = [.. Enumerable.Range(0, 9).Select(i => 0.1 * i - 0.3)];

    private readonly TemporaryFolder _folder = new();

    private string Target => Path.Combine(_folder.Path, "values.bin");

    public void Dispose() => _folder.Dispose();

    [Theory, InlineData(Precision.Single), InlineData(Precision.Double)]
    public void Evaluations_read_them_there_and_training_goes_on_from_them(Precision precision)
    {
        using Model mapped = NewModel(precision, Initializer.None), set = NewModel(precision, Initializer.Zeros);
        Map(mapped, Numbers);
        Set(set, Numbers);
        Assert.Equal(Results(set), Results(mapped));

        mapped.SetValues(mapped.Parameters[1], [1.0, 2, 3]);
        set.SetValues(set.Parameters[1], [1.0, 2, 3]);
        Assert.Equal(Results(set), Results(mapped));

        double[] others = [.. Numbers.Select(x => 1 - x)];
        Map(mapped, others);
        Set(set, others);
        foreach (Model model in new[] { mapped, set })
            new Trainer<double>(model, LossOf(model), new Adam(0.1)).Step([1, 2]);

        Assert.Equal(Results(set), Results(mapped));
        mapped.Save(Path.Combine(_folder.Path, "m.st"));
        set.Save(Path.Combine(_folder.Path, "s.st"));
        Assert.Equal(File.ReadAllBytes(Path.Combine(_folder.Path, "s.st")), File.ReadAllBytes(Path.Combine(_folder.Path, "m.st")));
    }

    [Fact]
    public void What_is_not_there_is_refused_and_the_values_stay()
    {
        using Model model = NewModel(Precision.Double, Initializer.Zeros), other = NewModel(Precision.Double, Initializer.Zeros);
        Map(model, Numbers);
        (Parameter w, Parameter b) = (model.Parameters[0], model.Parameters[1]);

        Assert.Contains($"of a file of {new FileInfo(Target).Length}", Refused<EndOfStreamException>(Target, w, Start + 25), StringComparison.Ordinal);
        Refused<EndOfStreamException>(Target, b, -8);
        Refused<FileNotFoundException>(Target + ".not", w, Start);
        Refused<ArgumentException>(Target, other.Parameters[0], Start);
        Assert.Throws<ArgumentNullException>(() => model.MapValues(Target, null!));
        new Evaluator<double>(model, LossOf(model)).RunDouble(
            [1], (_, _) => Assert.Throws<InvalidOperationException>(() => Map(model, Numbers)), TestContext.Current.CancellationToken);
        Assert.Equal(Numbers, new[] { w, b }.SelectMany(model.ValuesOf));

        string Refused<TException>(string path, Parameter parameter, long offset) where TException : Exception =>
            Assert.Throws<TException>(() => model.MapValues(path, new Dictionary<Parameter, long> { [parameter] = offset })).Message;
    }

    private static Model NewModel(Precision precision, Initializer initializer)
    {
        var model = new Model(1, precision);
        model.Weight("W", 3, 2, initializer);
        model.Bias("b", 3, initializer);
        return model;
    }

    // Of a new file, in which b comes first.
    private void Map(Model model, double[] numbers)
    {
        string path = Target + (File.Exists(Target) ? $".{numbers[0]}" : "");
        double[] inOrder = [.. numbers[6..], .. numbers[..6]];
        ReadOnlySpan<byte> bytes = model.Precision == Precision.Double
            ? MemoryMarshal.AsBytes<double>(inOrder) : MemoryMarshal.AsBytes<float>(Array.ConvertAll(inOrder, x => (float)x));
        File.WriteAllBytes(path, [.. new byte[Start], .. bytes]);
        model.MapValues(path, new Dictionary<Parameter, long>
        {
            [model.Parameters[0]] = Start + 3 * model.Precision.ElementBytes(),
            [model.Parameters[1]] = Start,
        });
    }

    private static void Set(Model model, double[] numbers)
    {
        model.SetValues(model.Parameters[0], numbers.AsSpan(0, 6));
        model.SetValues(model.Parameters[1], numbers.AsSpan(6));
    }

    private static Func<Graph, double, Expr> LossOf(Model model) =>
        (graph, x) => Sum(Square((model.Parameters[0] * graph.Input([x, 1])) + model.Parameters[1]));

    private static double[] Results(Model model)
    {
        var evaluator = new Evaluator<double>(model, LossOf(model));
        return [.. model.Parameters.SelectMany(model.ValuesOf), .. evaluator.Predict(1), .. evaluator.Predict(2)];
    }
}
