using BlasNet.Graphs;
using BlasNet.Memory;
using BlasNet.Text;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Text;

/// <summary>Weights that stay in their file until something would change them.</summary>
public sealed class MappedWeightsTests : IDisposable
{
    private const string Text = "w4 w9 w5 w30";

    // So that all round alike.
    private static readonly TextEncoderOptions Packed = new() { Compute = new() { Kernels = GemmKernels.Packed } };

    private readonly TemporaryFolder _folder = new();
    private readonly SmallEncoder _small = new("bert");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Vectors_are_the_same_wherever_weights_lie(bool onnx)
    {
        using TextEncoder mapped = Load(onnx, maps: true), copied = Load(onnx, maps: false);
        float[] vector = copied.Embed(Text);
        Assert.Equal(vector, mapped.Embed(Text));
        double[][] tokens = _small.Encode(mapped.Tokenize(Text));
        Assert.Equal(tokens.Average(token => token[3]), vector[3], 1e-5);

        Train(mapped);
        Train(copied);
        Assert.Equal(copied.Embed(Text), mapped.Embed(Text));
        Assert.NotEqual(vector, mapped.Embed(Text));
    }

    [Theory]
    [InlineData(false, "embeddings.words.E", true)]
    [InlineData(false, "layers.1.up.W", false)]   // row by row in a safetensors file
    [InlineData(true, "embeddings.words.E", true)]
    [InlineData(true, "layers.1.up.W", true)]
    public void What_is_changed_leaves_the_file_before(bool onnx, string name, bool isMapped)
    {
        using TextEncoder encoder = Load(onnx, maps: true);
        byte[] file = File.ReadAllBytes(_folder.File(onnx ? "model.onnx" : "model.safetensors"));
        Parameter parameter = encoder.Model[name];
        nint before = AddressOf(encoder, parameter);
        double[] values = new double[parameter.Shape.Size], changed = new double[values.Length];
        encoder.Model.CopyValues(parameter, values);
        Assert.Equal(before, AddressOf(encoder, parameter));

        values[1] = 0.5;
        encoder.Model.SetValues(parameter, values);
        Assert.Equal(isMapped, before != AddressOf(encoder, parameter));
        encoder.Model.CopyValues(parameter, changed);
        Assert.Equal(values, changed);
        Assert.Equal(file, File.ReadAllBytes(_folder.File(onnx ? "model.onnx" : "model.safetensors")));
    }

    [Fact]
    public void An_encoder_is_saved_in_the_place_of_the_folder_that_it_reads()
    {
        using TextEncoder encoder = Load(onnx: false, maps: true);
        float[] vector = encoder.Embed(Text);
        encoder.Save(_folder.Path);
        Assert.Equal(vector, encoder.Embed(Text));
        using TextEncoder again = TextEncoder.Load(_folder.Path, Packed);
        Assert.Equal(vector, again.Embed(Text));
    }

    [Fact]
    public unsafe void Nothing_beyond_a_mapped_file_is_given()
    {
        using var file = new MappedFile(_folder.Write("five", [1, 2, 3, 4, 5]));
        Assert.Equal(5, file.Length);
        Assert.Equal([3, 4, 5], new Span<byte>(file.At(2, 3), 3).ToArray());
        foreach ((long offset, long bytes) in new[] { (3L, 3L), (-1, 2), (6, 0), (2, -1), (long.MaxValue, 4), (4, long.MaxValue) })
            Assert.Throws<EndOfStreamException>(() => (nint)file.At(offset, bytes));

        using var empty = new MappedFile(_folder.Write("empty", []));
        Assert.Throws<EndOfStreamException>(() => (nint)empty.At(0, 1));
    }

    public void Dispose() => _folder.Dispose();

    private TextEncoder Load(bool onnx, bool maps)
    {
        _small.Write(_folder, "F32");
        if (onnx)
        {
            _folder.Write("model.onnx", new OnnxWriter("F32", asNumbers: false).Write(_small.Tensors));
            File.Delete(_folder.File("model.safetensors"));
        }

        return TextEncoder.Load(_folder.Path, Packed with { MapsWeights = maps });
    }

    private static unsafe nint AddressOf(TextEncoder encoder, Parameter parameter) => (nint)encoder.Model.Store<float>().AddressOf(parameter.Offset);

    private static void Train(TextEncoder encoder)
    {
        var trainer = new Trainer<string>(
            encoder.Model, (graph, text) => Sum(Square(encoder.Vector(graph, text))), new Sgd(0.1),
            new ComputeOptions { Kernels = GemmKernels.Packed });
        trainer.Step([Text]);
    }
}
