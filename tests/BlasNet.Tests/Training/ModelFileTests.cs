using BlasNet.Graphs;
using BlasNet.Tests.Kernels;
using BlasNet.Training;

namespace BlasNet.Tests.Training;

[Collection(GemmSettings.Name)]
public sealed class ModelFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Target => _folder.File("model.safetensors");

    [Theory]
    [InlineData(Precision.Single)]
    [InlineData(Precision.Double)]
    public void A_model_comes_back_bit_by_bit(Precision precision)
    {
        using Model saved = Network(seed: 1, precision), loaded = Network(seed: 2, precision);
        saved.Save(Target);
        Assert.NotEqual(Values(saved), Values(loaded));

        loaded.Load(Target);

        Assert.Equal(Values(saved), Values(loaded));
    }

    [Fact]
    public void A_model_in_double_reads_a_file_in_float_exactly_and_back()
    {
        using Model single = Network(seed: 1), wide = Network(seed: 2, Precision.Double), again = Network(seed: 3);
        single.Save(Target);
        wide.Load(Target);
        Assert.Equal(Values(single), Values(wide));

        wide.Save(Target);
        again.Load(Target);

        Assert.Equal(Values(single), Values(again));
    }

    [Fact]
    public void A_model_in_float_reads_a_file_in_double_rounded_to_the_nearest()
    {
        using Model wide = Network(seed: 1, Precision.Double), single = Network(seed: 2);
        wide.Save(Target);

        single.Load(Target);

        Assert.Equal(Values(wide).Select(value => (double)(float)value), Values(single));
    }

    [Theory]
    [InlineData(Precision.Single, double.NaN)]
    [InlineData(Precision.Single, double.NegativeInfinity)]
    [InlineData(Precision.Double, double.PositiveInfinity)]
    public void A_parameter_that_is_not_finite_is_not_saved_and_the_older_file_stays(Precision precision, double value)
    {
        using Model model = Network(seed: 1, precision);
        using var stream = new MemoryStream();
        model.Save(Target);
        byte[] before = File.ReadAllBytes(Target);
        double[] values = model.ValuesOf(model["b"]);
        values[^1] = value;
        model.SetValues(model["b"], values);

        Assert.Equal("Parameter b [3] is infinite or not a number.", Assert.Throws<ArithmeticException>(() => model.Save(Target)).Message);
        Assert.Throws<ArithmeticException>(() => model.Save(stream));
        Assert.Equal(before, File.ReadAllBytes(Target));
        Assert.Equal(0, stream.Length);
        Assert.Equal([Target], Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void The_order_of_the_parameters_does_not_matter()
    {
        using Model saved = Network(seed: 1);
        using var loaded = new Model(seed: 2);
        loaded.Bias("b", 3);
        loaded.Weight("W", 3, 2);
        saved.Save(Target);

        loaded.Load(Target);

        Assert.Equal(saved.ValuesOf(saved["W"]), loaded.ValuesOf(loaded["W"]));
        Assert.Equal(saved.ValuesOf(saved["b"]), loaded.ValuesOf(loaded["b"]));
    }

    [Fact]
    public void An_evaluator_that_has_packed_the_old_weights_uses_the_new_ones()
    {
        using var packed = new UsingMode(GemmKernels.Packed);
        using Model saved = Wide(seed: 1), loaded = Wide(seed: 2);
        saved.Save(Target);
        var (expected, evaluator) = (Outputs(Products(saved)), Products(loaded));
        Assert.NotEqual(expected, Outputs(evaluator));

        loaded.Load(Target);

        Assert.Equal(expected, Outputs(evaluator));
    }

    [Fact]
    public void A_missing_tensor_is_named_and_nothing_changes()
    {
        using var saved = new Model(seed: 1);
        saved.Weight("W", 3, 2);
        AssertRefused(saved, "has no tensor for the parameter b [3]. It has: W F32 [3, 2].");
    }

    [Fact]
    public void An_empty_file_of_tensors_is_named()
    {
        using var saved = new Model(seed: 1);
        AssertRefused(saved, "has no tensor for the parameter W [3 × 2]. It has: none.");
    }

    [Fact]
    public void An_extra_tensor_is_named_and_nothing_changes()
    {
        using Model saved = Network(seed: 1);
        saved.Bias("c", 4);
        AssertRefused(saved, "tensor c F32 [4] is not a parameter of the model. It has: W [3 × 2], b [3].");
    }

    [Fact]
    public void Another_shape_is_named_with_both_and_nothing_changes()
    {
        using var saved = new Model(seed: 1);
        saved.Weight("W", 3, 2, Initializer.Zeros);
        saved.Bias("b", 4);
        AssertRefused(saved, "tensor b F32 [4] does not fit the parameter b [3]");
    }

    [Fact]
    public void A_file_of_another_format_is_named()
    {
        using Model model = Network(seed: 1);
        double[] before = Values(model);

        Assert.StartsWith($"{_folder.Write("notes.txt", "not a safetensors file")}: ",
            Assert.Throws<SafetensorsException>(() => model.Load(_folder.File("notes.txt"))).Message, StringComparison.Ordinal);
        Assert.Equal($"{Target}: does not exist", Assert.Throws<SafetensorsException>(() => model.Load(Target)).Message);
        Assert.Equal(before, Values(model));
    }

    [Fact]
    public void A_save_interrupted_after_the_last_value_leaves_the_old_file()
    {
        using Model old = Network(seed: 1), next = Network(seed: 2);
        old.Save(Target);
        byte[] before = File.ReadAllBytes(Target);

        using (var writer = new SafetensorsWriter(Target, next.Entries()))
            next.Append(writer);

        Assert.Equal(before, File.ReadAllBytes(Target));
        Assert.Equal([Target], Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void A_name_the_format_keeps_for_itself_is_refused_and_the_old_file_stays()
    {
        using Model old = Network(seed: 1);
        old.Save(Target);
        byte[] before = File.ReadAllBytes(Target);
        using var model = new Model();
        model.Bias("__metadata__", 2);

        Assert.Throws<SafetensorsException>(() => model.Save(Target));
        Assert.Equal(before, File.ReadAllBytes(Target));
    }

    [Fact]
    public void A_disposed_model_says_so()
    {
        Model model = Network(seed: 1);
        model.Dispose();

        Assert.Throws<ObjectDisposedException>(() => model.Save(Target));
        Assert.Throws<ObjectDisposedException>(() => model.Load(Target));
    }

    public void Dispose() => _folder.Dispose();

    private void AssertRefused(Model saved, string rule)
    {
        using Model loaded = Network(seed: 2);
        double[] before = Values(loaded);
        saved.Save(Target);

        Assert.Equal($"{Target}: {rule}", Assert.Throws<SafetensorsException>(() => loaded.Load(Target)).Message);
        Assert.Equal(before, Values(loaded));
    }

    private static Model Network(int seed, Precision precision = Precision.Single)
    {
        var model = new Model(seed, precision);
        model.Weight("W", 3, 2);
        model.Bias("b", 3, Initializer.Uniform(-1, 1));
        return model;
    }

    private static double[] Values(Model model) => [.. model.Parameters.SelectMany(model.ValuesOf)];

    private static Model Wide(int seed)
    {
        var model = new Model(seed);
        model.Weight("W", 64, 64);
        return model;
    }

    private static Evaluator<float> Products(Model model) =>
        new(model, (graph, x) => model["W"] * graph.Input([.. Enumerable.Repeat(x, 64)]));

    private static float[] Outputs(Evaluator<float> evaluator)
    {
        List<float> outputs = [];
        evaluator.Run([1, 2, 3, 4], (_, value) => outputs.AddRange(value));
        return [.. outputs];
    }
}
