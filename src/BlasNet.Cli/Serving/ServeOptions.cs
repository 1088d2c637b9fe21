namespace BlasNet.Cli.Serving;

/// <summary>What <c>blasnet serve</c> was told.</summary>
/// <param name="Model">The model's file.</param>
/// <param name="Urls">Addresses to listen at, separated by semicolons.</param>
/// <param name="QueueLimit">How many requests may wait.</param>
/// <param name="MaxBatchSize">How many are computed together at most.</param>
/// <param name="Watches">Whether a changed file is exchanged for the model.</param>
internal sealed record ServeOptions(string Model, string Urls, int QueueLimit, int MaxBatchSize, bool Watches);
