namespace BlasNet.Kernels;

/// <summary>The norm of a vector from the norms of its parts, √(a² + b² + …), without overflow or underflow of the squares.</summary>
/// <remarks>Keeps the largest norm m and Σ (a/m)². Source: Hammarling, LAPACK's <c>dlassq</c>, 1987.</remarks>
internal struct EuclideanNorm
{
    private double _largest, _squares;

    /// <summary>NaN if a part is, else infinite if one is.</summary>
    public readonly double Value => _squares == 0 ? _largest : _largest * Math.Sqrt(_squares);

    public void Add(double norm)
    {
        if (norm == 0)
            return;

        if (!double.IsFinite(norm) || !double.IsFinite(_largest))
        {
            (_largest, _squares) = (double.IsNaN(norm) || double.IsNaN(_largest) ? double.NaN : double.PositiveInfinity, 1);
        }
        else if (norm > _largest)
        {
            double ratio = _largest / norm;
            (_largest, _squares) = (norm, 1 + _squares * ratio * ratio);
        }
        else
        {
            double ratio = norm / _largest;
            _squares += ratio * ratio;
        }
    }
}
