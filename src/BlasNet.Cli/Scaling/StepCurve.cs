namespace BlasNet.Cli.Scaling;

/// <summary>What a step of one rank takes, without others.</summary>
/// <param name="Examples">Of the step.</param>
/// <param name="ComputeSeconds">All but the update.</param>
/// <param name="UpdateSeconds">Of the parameters.</param>
/// <param name="GradientBytes">Its gradient, as far as it is touched.</param>
internal sealed record StepPoint(double Examples, double ComputeSeconds, double UpdateSeconds, double GradientBytes)
{
    /// <summary>The point on the line through this one and another.</summary>
    public StepPoint Towards(StepPoint other, double examples)
    {
        double part = other.Examples == Examples ? 0 : (examples - Examples) / (other.Examples - Examples);
        return new(
            examples, double.Lerp(ComputeSeconds, other.ComputeSeconds, part), double.Lerp(UpdateSeconds, other.UpdateSeconds, part),
            double.Lerp(GradientBytes, other.GradientBytes, part));
    }
}

/// <summary>A step's costs by its number of examples: linear between measured points, and beyond the last two. A step of more examples costs no less: where it
/// was measured so, since something else kept the machine busy meanwhile, it costs the same.</summary>
/// <param name="points">At least one.</param>
/// <param name="mostBytes">Of a gradient that touches all parameters.</param>
internal sealed class StepCurve(IEnumerable<StepPoint> points, double mostBytes)
{
    private readonly StepPoint[] _points = Rising([.. points.OrderBy(point => point.Examples)]);

    /// <param name="examples">More than 0; below the smallest measured number that one counts.</param>
    public StepPoint At(double examples)
    {
        if (_points.Length == 1 || examples <= _points[0].Examples)
            return _points[0] with { Examples = examples };

        int next = Array.FindIndex(_points, point => point.Examples >= examples);
        int end = next < 0 ? _points.Length - 1 : next;
        StepPoint point = _points[end - 1].Towards(_points[end], examples);
        return point with { GradientBytes = Math.Clamp(point.GradientBytes, 0, mostBytes) };
    }

    private static StepPoint[] Rising(StepPoint[] points)
    {
        for (int i = 1; i < points.Length; i++)
        {
            (StepPoint fewer, StepPoint more) = (points[i - 1], points[i]);
            points[i] = more with
            {
                ComputeSeconds = Math.Max(fewer.ComputeSeconds, more.ComputeSeconds),
                UpdateSeconds = Math.Max(fewer.UpdateSeconds, more.UpdateSeconds),
            };
        }

        return points;
    }
}
