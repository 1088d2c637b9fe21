namespace BlasNet.Mutate;

/// <summary>Mutants cannot be tried; the message says why and what to do.</summary>
internal sealed class MutateException(string message) : Exception(message);
