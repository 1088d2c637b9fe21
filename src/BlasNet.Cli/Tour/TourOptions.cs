namespace BlasNet.Cli.Tour;

/// <summary>How thoroughly to measure.</summary>
/// <param name="Quick">Fewer sizes and shorter measurements: at most 40 seconds.</param>
internal sealed record TourOptions(bool Quick);
