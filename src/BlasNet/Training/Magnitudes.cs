namespace BlasNet.Training;

/// <summary>Bounds of the magnitude of everything an optimizer changes.</summary>
/// <param name="Parameters">max |p|.</param>
/// <param name="First">That of the rule's first state buffer; 0 if it has none.</param>
/// <param name="Second">That of the second.</param>
/// <param name="Average">That of the sum that the average of the parameters is computed from.</param>
internal readonly record struct Magnitudes(double Parameters, double First, double Second, double Average = 0)
{
    /// <summary>Whether no number exceeds a limit; false if one is NaN.</summary>
    public bool AreWithin(double limit) => Parameters <= limit && First <= limit && Second <= limit && Average <= limit;

    /// <summary>Bounds of both.</summary>
    public static Magnitudes Max(Magnitudes a, Magnitudes b) => new(
        Math.Max(a.Parameters, b.Parameters), Math.Max(a.First, b.First), Math.Max(a.Second, b.Second), Math.Max(a.Average, b.Average));
}
