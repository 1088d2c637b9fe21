using System.Runtime.InteropServices;
using BlasNet.Graphs;
using BlasNet.Memory;

namespace BlasNet.Execution;

/// <summary>Which columns of which parameters a gradient touches; all else of it is zero.</summary>
/// <param name="parameters">All parameters of the model, by <see cref="Parameter.Index"/>.</param>
internal sealed class TouchedParameters(IReadOnlyList<Parameter> parameters)
{
    private readonly TouchedColumns[] _touched = [.. parameters.Select(parameter => new TouchedColumns(parameter.Shape.Columns))];
    private readonly List<Segment> _segments = [];

    public int Count => _touched.Length;

    public TouchedColumns this[int parameter] => _touched[parameter];

    /// <summary>A parameter's range of the flat buffer, with the padding after it, so that neighbours form one range.</summary>
    public static Segment WholeOf(Parameter parameter) => new(parameter.Offset, ParameterStore<float>.Padded(parameter.Shape.Size));

    /// <summary>The touched ranges of the flat buffer, in ascending order; valid until the next call. Of a parameter that is touched as a whole, see
    /// <see cref="WholeOf"/>.</summary>
    public ReadOnlySpan<Segment> List()
    {
        _segments.Clear();
        for (int i = 0; i < _touched.Length; i++)
        {
            Parameter parameter = parameters[i];
            if (_touched[i].IsAll)
                Segment.Append(_segments, WholeOf(parameter));
            else
                _touched[i].AppendTo(_segments, parameter.Offset, parameter.Shape.Rows);
        }

        return Last;
    }

    /// <summary>The last result of <see cref="List"/>.</summary>
    public ReadOnlySpan<Segment> Last => CollectionsMarshal.AsSpan(_segments);

    public void Add(TouchedParameters other)
    {
        for (int i = 0; i < _touched.Length; i++)
            _touched[i].Add(other._touched[i]);
    }

    public void Clear()
    {
        foreach (TouchedColumns columns in _touched)
            columns.Clear();
    }
}
