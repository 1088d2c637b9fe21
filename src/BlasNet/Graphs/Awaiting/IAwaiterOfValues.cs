namespace BlasNet.Graphs.Awaiting;

/// <summary>Marks what the functions of examples may await: it goes on when a round of values has been computed, and not by itself.</summary>
internal interface IAwaiterOfValues;
