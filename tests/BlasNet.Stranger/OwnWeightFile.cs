using BlasNet.Graphs;
using BlasNet.Training;

namespace BlasNet.Stranger;

/// <summary>A matrix of another library's file: read straight into a new parameter, and written again under that library's name.</summary>
public sealed class OwnWeightFile : IDisposable
{
    private const string Tensor = "linear.weight";

    private readonly Model _model = new(seed: 1, Precision.Double);
    private readonly Parameter _w;

    /// <param name="file">Has a tensor <c>linear.weight</c> [2, 3].</param>
    public OwnWeightFile(Stream file)
    {
        using var reader = new SafetensorsReader(file);
        _model.Reserve(6);
        _w = _model.Weight("W", 2, 3, new FromFile(reader));
    }

    /// <summary>W, column by column.</summary>
    public double[] Values => _model.ValuesOf(_w);

    /// <summary>Writes the matrix as it was before a change that another thread makes meanwhile.</summary>
    public async Task SaveWhileItChangesAsync(Stream file)
    {
        Task? change = null;
        _model.BetweenUpdates(() =>
        {
            _model.RequireFinite();
            change = Task.Run(() => _model.SetValues(_w, new double[6]));
            var values = new float[_w.Shape.Size];
            _model.CopyValues(_w, values);
            using var writer = new SafetensorsWriter(file, [new SafetensorsEntry(Tensor, "F32", 2, 3)]);
            writer.Append<float>(values, _w.Shape);
            writer.Commit();
        });
        await change!;
    }

    public void Dispose() => _model.Dispose();

    private sealed class FromFile(SafetensorsReader reader) : Initializer
    {
        public override void Fill<T>(Span<T> values, Shape shape, RandomNumbers random) =>
            reader.Read(reader.Entries.Single(entry => entry.Name == Tensor), shape, values);
    }
}
